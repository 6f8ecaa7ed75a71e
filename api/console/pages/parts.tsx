/** What every page is made of: headings, verdicts, tables, facts, failures and times. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, RequestFailed } from './api';
import { ago, instant, pretty } from './format';

/** A page with its heading, which gets the focus when the page is entered by a link. */
export const Page = ({
  title,
  lead,
  actions,
  children,
}: {
  readonly title: string;
  readonly lead?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}) => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Tidemark`;
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1} ref={heading}>
          {title}
        </h1>
        {actions === undefined ? null : <div class="actions">{actions}</div>}
      </div>
      {lead === undefined ? null : <p class="lead">{lead}</p>}
      {children}
    </>
  );
};

/** A part of a page with a heading of its own. */
export const Section = ({ title, children }: { readonly title: string; readonly children: ComponentChildren }) => (
  <section aria-label={title}>
    <h2>{title}</h2>
    {children}
  </section>
);

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

const tones: Readonly<Record<string, Tone>> = {
  ok: 'good',
  running: 'good',
  done: 'good',
  redriven: 'good',
  ready: 'good',
  released: 'good',
  different: 'warn',
  behind: 'warn',
  retrying: 'warn',
  waiting: 'warn',
  rewound: 'warn',
  open: 'warn',
  paused: 'warn',
  blocked: 'bad',
  stalled: 'bad',
  stopped: 'bad',
  halted: 'bad',
  silent: 'bad',
  failed: 'bad',
  'catching-up': 'busy',
  starting: 'busy',
  requested: 'busy',
  planned: 'busy',
};

const marks: Readonly<Record<Tone, string>> = { good: '●', busy: '◐', warn: '▲', bad: '■', quiet: '○' };

/** How bad a word of state or verdict is. */
export const toneOf = (word: string): Tone => tones[word] ?? 'quiet';

/** A state or verdict: by a mark and its word, so that no colour has to be seen. */
export const Badge = ({ word }: { readonly word: string }) => (
  <span class={`badge ${toneOf(word)}`}>
    <span aria-hidden="true">{marks[toneOf(word)]}</span> {word.replaceAll('-', ' ')}
  </span>
);

export const mark = (word: string): string => marks[toneOf(word)];

/** A table that scrolls by itself where it is wider than the page. */
export const Table = ({
  caption,
  head,
  children,
}: {
  readonly caption: string;
  readonly head: ReadonlyArray<string>;
  readonly children: ComponentChildren;
}) => (
  <div class="table" role="region" aria-label={caption} tabIndex={0}>
    <table>
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {head.map((name) => (
            <th scope="col" key={name}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);

/** Names and values. */
export const Facts = ({ of }: { readonly of: ReadonlyArray<readonly [string, ComponentChildren]> }) => (
  <dl class="facts">
    {of.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

export const Empty = ({ children }: { readonly children: ComponentChildren }) => <p class="empty">{children}</p>;

export const Json = ({ value, label }: { readonly value: unknown; readonly label: string }) => (
  <pre tabIndex={0} aria-label={label}>
    {pretty(value)}
  </pre>
);

export const Time = ({ at }: { readonly at: string | null }) =>
  at === null ? (
    <>–</>
  ) : (
    <time dateTime={at} title={at}>
      {instant(at)}
    </time>
  );

export const Ago = ({ at }: { readonly at: string | null }) =>
  at === null ? (
    <>–</>
  ) : (
    <time dateTime={at} title={at}>
      {ago(at)}
    </time>
  );

/** What went wrong, in the server's words. */
export const Failure = ({ error }: { readonly error: unknown }) => (
  <p class="failure" role="alert">
    {error instanceof RequestFailed ? `${error.problem.title}: ${error.problem.detail}` : String(error)}
  </p>
);

/** What a request has brought so far. */
export interface Fetched<Value> {
  readonly value: Value | undefined;
  readonly error: unknown;
  readonly reload: () => void;
}

/** Reads an address, and again whenever `version` changes; undefined reads nothing. */
export const useFetched = <Value,>(url: string | undefined, version: unknown = 0): Fetched<Value> => {
  const [state, setState] = useState<{ readonly url?: string; readonly value?: Value; readonly error?: unknown }>({});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (url === undefined) return;
    let isWanted = true;
    get<Value>(url).then(
      (value) => isWanted && setState({ url, value }),
      (error: unknown) => isWanted && setState({ url, error }),
    );
    return () => void (isWanted = false);
  }, [url, version, turn]);
  const isSame = state.url === url;
  return {
    value: isSame ? state.value : undefined,
    error: isSame ? state.error : undefined,
    reload: () => setTurn((before) => before + 1),
  };
};

/** Shows what was fetched, or why not. */
export const Loaded = <Value,>({
  from: { value, error },
  children,
}: {
  readonly from: Fetched<Value>;
  readonly children: (value: Value) => ComponentChildren;
}) =>
  value === undefined ? (
    error === undefined ? (
      <Empty>Reading …</Empty>
    ) : (
      <Failure error={error} />
    )
  ) : (
    <>{children(value)}</>
  );
