/** One rebuild: its progress, its proof, its differences, and the decision about them. */
import type { ProjectionStatus, RebuildStatus, RowDifference } from '../../../projections/view-reader';
import { Action } from './actions';
import { path, post } from './api';
import { count, counted, duration, rate, shown } from './format';
import { useTicks, useTopic } from './live';
import { Badge, Facts, Json, Loaded, Page, Section, Table, Time, useFetched } from './parts';
import { to } from './router';

/** How far a rebuild is. */
export const RebuildProgress = ({ rebuild }: { readonly rebuild: RebuildStatus }) => {
  const { done, total, rate: perSecond, etaSeconds, state, projection, reason } = rebuild;
  const text =
    state === 'running'
      ? `${count(done)} of ${count(total)} events, ${rate(perSecond)}, ready in ${duration(etaSeconds)}`
      : `${count(done)} of ${count(total)} events`;
  return (
    <>
      <p>
        <Badge word={state} /> {text}
      </p>
      {state === 'running' || state === 'requested' ? (
        <progress
          aria-label={`Progress of the rebuild of ${projection}`}
          max={total ?? 1}
          value={total === null ? undefined : done}
        />
      ) : null}
      {reason === null ? null : <p>{reason}</p>}
    </>
  );
};

/** The page of a rebuild. */
export const RebuildPage = ({ id }: { readonly id: string }) => {
  const live = useTopic<ReadonlyArray<ProjectionStatus>>('projections')?.find(
    ({ rebuild }) => String(rebuild?.id) === id,
  );
  const fetched = useFetched<RebuildStatus>(path('ops', 'rebuilds', id), useTicks(2));
  const rebuild = live?.rebuild ?? fetched.value;
  const isOpen = rebuild !== undefined && ['requested', 'running', 'waiting'].includes(rebuild.state);
  return (
    <Page
      title={`Rebuild ${id}`}
      lead={
        rebuild === undefined ? undefined : <a href={to('projections', rebuild.projection)}>{rebuild.projection}</a>
      }
      actions={rebuild === undefined || !isOpen ? undefined : <Decisions rebuild={rebuild} />}
    >
      <Loaded from={{ ...fetched, value: rebuild }}>{(found) => <Rebuild rebuild={found} />}</Loaded>
    </Page>
  );
};

const Rebuild = ({ rebuild }: { readonly rebuild: RebuildStatus }) => (
  <>
    <RebuildProgress rebuild={rebuild} />
    <Facts
      of={[
        ['Kind', rebuild.kind],
        ['Reads', rebuild.from === 'kafka' ? 'Kafka, from offset zero' : 'the store'],
        ...(rebuild.key === null ? [] : [['Row', rebuild.key] as const]),
        ...(rebuild.until === null ? [] : [['As of', rebuild.until] as const]),
        ['Swaps although rows differ', rebuild.acceptDifferences ? 'yes' : 'no'],
        ['Started', <Time at={rebuild.startedAt} />],
        ['Finished', <Time at={rebuild.finishedAt} />],
      ]}
    />
    {rebuild.differences === null ? null : (
      <Section title={`${counted(rebuild.differences.count, 'row')} differ`}>
        <Differences projection={rebuild.projection} rows={rebuild.differences.rows} />
      </Section>
    )}
    {rebuild.proof === null ? null : (
      <Section title="Proof">
        <Proof proof={rebuild.proof} />
      </Section>
    )}
  </>
);

interface TopicProof {
  readonly topic: string;
  readonly events: number;
  readonly eventsInStore: number;
  readonly equal: boolean;
}

/** In the first lines what it comes to, then all of it. */
const Proof = ({ proof }: { readonly proof: Readonly<Record<string, unknown>> }) => {
  const { topics = [] } = (proof['store'] ?? {}) as { readonly topics?: ReadonlyArray<TopicProof> };
  return (
    <>
      <Table caption="What was compared" head={['Compared', 'Before, or in the store', 'Rebuilt', 'Same']}>
        {'hashBefore' in proof ? (
          <tr>
            <th scope="row">rows, by their hash</th>
            <td class="n">{shown(proof['rowsBefore'])}</td>
            <td class="n">{shown(proof['rows'])}</td>
            <td>
              <Badge word={proof['hashBefore'] === proof['hashAfter'] ? 'ok' : 'different'} />
            </td>
          </tr>
        ) : null}
        {topics.map(({ topic, events, eventsInStore, equal }) => (
          <tr key={topic}>
            <th scope="row">events of {topic}</th>
            <td class="n">{count(eventsInStore)}</td>
            <td class="n">{count(events)}</td>
            <td>
              <Badge word={equal ? 'ok' : 'failed'} />
            </td>
          </tr>
        ))}
      </Table>
      <details>
        <summary>The whole proof</summary>
        <Json value={proof} label="The proof" />
      </details>
    </>
  );
};

const Differences = ({
  projection,
  rows,
}: {
  readonly projection: string;
  readonly rows: ReadonlyArray<RowDifference>;
}) => (
  <Table caption="Rows that differ" head={['Row', 'Column', 'Served', 'Rebuilt', 'Events']}>
    {rows.flatMap(({ table, key, before, after, events, eventCount }) =>
      columnsOf(before, after).map((column, index) => (
        <tr key={`${table} ${key} ${column}`}>
          <th scope="row">
            {index > 0 ? '' : table === 'view' ? <a href={to('explain', projection, key)}>{key}</a> : `${key} (detail)`}
          </th>
          <td>{column}</td>
          <td>{before === null ? 'no row' : shown(before[column])}</td>
          <td>{after === null ? 'no row' : shown(after[column])}</td>
          <td>
            {index > 0 ? '' : `${(events ?? []).join(', ')}${eventCount === null ? '' : ` (${count(eventCount)})`}`}
          </td>
        </tr>
      )),
    )}
  </Table>
);

const columnsOf = (before: RowDifference['before'], after: RowDifference['after']): ReadonlyArray<string> =>
  [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter(
    (column) => shown(before?.[column]) !== shown(after?.[column]),
  );

const Decisions = ({ rebuild: { id, state, differences, projection } }: { readonly rebuild: RebuildStatus }) => (
  <>
    {state === 'waiting' ? (
      <Action
        label="Accept the differences"
        title={`Serve the rebuilt rows of ${projection}?`}
        isDestructive
        effect={
          <p>
            {counted(differences?.count ?? 0, 'row')} change as shown. The rows that are served now are kept as the
            previous generation, so that you can roll back.
          </p>
        }
        run={async () => {
          await post(path('ops', 'rebuilds', id, 'accept-differences'));
          return `Rebuild ${id} goes on, and swaps.`;
        }}
      />
    ) : null}
    <Action
      label="Cancel the rebuild"
      title={`Cancel rebuild ${id}?`}
      isDestructive
      effect={<p>What it has made is dropped. The rows that are served stay as they are.</p>}
      run={async () => {
        await post(path('ops', 'rebuilds', id, 'cancel'));
        return `Rebuild ${id} will be cancelled.`;
      }}
    />
  </>
);
