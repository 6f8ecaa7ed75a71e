/** What changes something: a button that first shows what it would do, and asks. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Failure } from './parts';

/** A text that the operator gives with an action. */
export interface ActionField {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly optional?: boolean;
  /** A choice among these instead of a text. */
  readonly options?: ReadonlyArray<string>;
}

export interface ActionProps {
  /** On the button. */
  readonly label: string;
  /** The question. */
  readonly title: string;
  /** What it would do, before anything is done. */
  readonly effect: ComponentChildren;
  readonly fields?: ReadonlyArray<ActionField>;
  /** It can't be taken back. */
  readonly isDestructive?: boolean;
  /** Does it, and says what was done. */
  readonly run: (values: Readonly<Record<string, string>>) => Promise<string>;
}

const notices = new Set<(text: string) => void>();

/** Shows a sentence, also to screen readers. */
export const say = (text: string): void => {
  for (const notice of notices) notice(text);
};

const NOTICE_MS = 8_000;

/** Where sentences are shown. */
export const Notices = () => {
  const [text, setText] = useState('');
  useEffect(() => {
    notices.add(setText);
    return () => void notices.delete(setText);
  }, []);
  useEffect(() => {
    if (text === '') return;
    const timer = setTimeout(() => setText(''), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class={`notice ${text === '' ? '' : 'shown'}`} role="status">
      {text}
    </div>
  );
};

/** The texts of a form by the names of their fields. */
export const textsOf = (form: HTMLFormElement): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...new FormData(form)].map(([name, value]) => [name, typeof value === 'string' ? value.trim() : '']),
  );

/** The button, and the dialog that asks. */
export const Action = (props: ActionProps) => {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" class={props.isDestructive === true ? 'danger' : ''} onClick={() => setOpen(true)}>
        {props.label}
      </button>
      {isOpen ? <Question {...props} close={() => setOpen(false)} /> : null}
    </>
  );
};

const Field = ({ name, label, value = '', optional = false, options }: ActionField) => (
  <label>
    {label}
    {options === undefined ? (
      <input name={name} defaultValue={value} required={!optional} maxLength={500} autocomplete="off" />
    ) : (
      <select name={name}>
        {options.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    )}
  </label>
);

const Question = ({
  label,
  title,
  effect,
  fields = [],
  isDestructive = false,
  run,
  close,
}: ActionProps & { readonly close: () => void }) => {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);

  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const values = textsOf(form);
    setRunning(true);
    run(values).then(
      (done) => {
        say(done);
        close();
      },
      (reason: unknown) => {
        setRunning(false);
        setError(reason);
      },
    );
  };
  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={close}>
      <form onSubmit={submit}>
        <h2 id="question">{title}</h2>
        <div class="effect">{effect}</div>
        {fields.map((field) => (
          <Field key={field.name} {...field} />
        ))}
        {error === undefined ? null : <Failure error={error} />}
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class={isDestructive ? 'danger' : 'primary'} disabled={isRunning}>
            {label}
          </button>
        </div>
      </form>
    </dialog>
  );
};
