/** Dead letters by cause: the same fingerprint is the same cause, and is cured once. */
import type { DeadLetter, RedriveStatus } from '../../../infra/dead-letters/query/query';
import { Action } from './actions';
import { path, post, queryOf, type Items } from './api';
import type { DeadLetterTopic } from './dead-letter-counts';
import { count, counted } from './format';
import { useTopic } from './live';
import { Ago, Badge, Empty, Loaded, Page, Section, Table, useFetched, type Fetched } from './parts';
import { navigate, replaceQuery, to, type Place } from './router';

/** `unresolved`: open or assigned. */
const STATUSES = ['unresolved', 'open', 'assigned', 'redriven', 'discarded', 'all'];
const MAX_LETTERS = 1_000;

/** The list, with its filters in the address. */
export const DeadLettersPage = ({ place: { query } }: { readonly place: Place }) => {
  const group = query.get('group') ?? '';
  const status = query.get('status') ?? 'unresolved';
  const fingerprint = query.get('fingerprint') ?? '';
  const topic = useTopic<DeadLetterTopic>('deadLetters');
  const letters = useLetters({ group, fingerprint }, status, JSON.stringify(topic));
  const change = (name: string, value: string): void =>
    replaceQuery(queryOf({ group, status, fingerprint, [name]: value }));
  return (
    <Page
      title="Dead letters"
      lead="Events that failed for good; their streams wait behind them, all others go on. The same fingerprint means the same cause."
    >
      <form class="inline" onSubmit={(event) => event.preventDefault()}>
        <label>
          Group
          <input value={group} onChange={(event) => change('group', event.currentTarget.value)} placeholder="all" />
        </label>
        <label>
          Status
          <select value={status} onChange={(event) => change('status', event.currentTarget.value)}>
            {STATUSES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        {fingerprint === '' ? null : (
          <button type="button" onClick={() => change('fingerprint', '')}>
            All causes
          </button>
        )}
      </form>
      <Loaded from={letters}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>There are none.</Empty>
          ) : (
            causesOf(items).map((cause) => <CauseSection key={cause.id} cause={cause} isAlone={fingerprint !== ''} />)
          )
        }
      </Loaded>
    </Page>
  );
};

/** Letters with a status; the API knows no word for those that are open or assigned, so that takes two requests. */
const useLetters = (
  filter: Readonly<Record<string, string>>,
  status: string,
  version: string,
): Fetched<Items<DeadLetter>> => {
  const isBoth = status === 'unresolved';
  const urlOf = (wanted: string): string =>
    `/ops/dead-letters${queryOf({ ...filter, status: wanted === 'all' ? '' : wanted, limit: MAX_LETTERS })}`;
  const first = useFetched<Items<DeadLetter>>(urlOf(isBoth ? 'open' : status), version);
  const second = useFetched<Items<DeadLetter>>(isBoth ? urlOf('assigned') : undefined, version);
  if (!isBoth || first.value === undefined) return first;
  if (second.value === undefined) return second;
  return { ...first, value: { items: [...first.value.items, ...second.value.items] } };
};

interface Cause {
  readonly id: string;
  readonly group: string;
  readonly first: DeadLetter;
  readonly letters: ReadonlyArray<DeadLetter>;
}

const causesOf = (letters: ReadonlyArray<DeadLetter>): ReadonlyArray<Cause> => {
  const causes = new Map<string, DeadLetter[]>();
  for (const letter of letters) {
    const id = `${letter.group} ${letter.fingerprint}`;
    causes.set(id, [...(causes.get(id) ?? []), letter]);
  }
  return [...causes].flatMap(([id, all]) => {
    const [first] = all;
    return first === undefined ? [] : [{ id, group: first.group, first, letters: all }];
  });
};

const WHO: Readonly<Record<string, string>> = {
  defect: 'the author of the handler',
  rejected: 'the author of the handler',
  'unknown-contract': 'the deployer: the program is too old',
  malformed: 'the author of the event',
  transient: 'the operators of database and broker',
  foreign: 'the other writers of the topics',
  misplaced: 'the other writers of the topics',
};

const DISPLAY_LIMIT = 5;

const CauseSection = ({ cause, isAlone }: { readonly cause: Cause; readonly isAlone: boolean }) => {
  const { group, first, letters } = cause;
  const parked = letters.reduce((sum, each) => sum + each.parked, 0);
  const shown = isAlone ? letters : letters.slice(0, DISPLAY_LIMIT);
  const link = `${to('dead-letters')}${queryOf({ group, fingerprint: first.fingerprint })}`;
  return (
    <Section title={`${group}: ${first.reason}`}>
      <p>
        <strong>{first.class}</strong> · {counted(letters.length, 'dead letter')} with fingerprint{' '}
        <a href={link}>
          <code>{first.fingerprint}</code>
        </a>
        , {counted(parked, 'event')} parked behind them. For {WHO[first.class] ?? 'an operator'}.
      </p>
      <div class="actions">
        {first.class === 'foreign' || first.class === 'misplaced' || first.eventId === null ? null : (
          <PlanRedrive group={group} fingerprint={first.fingerprint} letters={letters.length} />
        )}
      </div>
      <Table
        caption={`Dead letters of ${group} with this cause`}
        head={['Dead letter', 'Status', 'Event', 'Waits since', 'Parked', 'Owner']}
      >
        {shown.map((each) => (
          <tr key={each.id}>
            <th scope="row">
              <a href={to('dead-letters', each.id)}>{each.id}</a>
            </th>
            <td>
              <Badge word={each.status} />
            </td>
            <td>{each.eventId ?? `${each.topic}/${each.partition} at ${count(each.offset)}`}</td>
            <td>
              <Ago at={each.firstFailedAt} />
            </td>
            <td class="n">{count(each.parked)}</td>
            <td>{each.owner ?? 'nobody'}</td>
          </tr>
        ))}
      </Table>
      {shown.length === letters.length ? null : (
        <p>
          <a href={link}>All {count(letters.length)}</a>
        </p>
      )}
    </Section>
  );
};

/** Makes a plan, which runs nothing, and goes to it. */
export const PlanRedrive = ({
  group,
  fingerprint,
  letters,
  ids,
}: {
  readonly group: string;
  readonly fingerprint?: string;
  readonly letters: number;
  readonly ids?: ReadonlyArray<string>;
}) => (
  <Action
    label="Plan a redrive"
    title={`Plan a redrive of ${counted(letters, 'dead letter')} of ${group}?`}
    effect={<p>A plan runs nothing: it shows what would run. Run it once the cause is fixed.</p>}
    fields={[{ name: 'rate', label: 'At most so many events a second', value: '200' }]}
    run={async ({ rate }) => {
      const plan = await post<RedriveStatus>('/ops/redrives', {
        group,
        ratePerSecond: Number(rate),
        ...(fingerprint === undefined ? {} : { fingerprint }),
        ...(ids === undefined ? {} : { ids }),
      });
      navigate(to('redrives', plan.id));
      return `Redrive ${plan.id} is planned.`;
    }}
  />
);

/** Where one dead letter's address is. */
export const letterPath = (id: string): string => path('ops', 'dead-letters', id);
