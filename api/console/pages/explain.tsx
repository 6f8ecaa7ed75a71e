/** Explains a row: which events made it, what each changed, and whether it is right. */
import type { RowExplanation } from '../../../projections/engine/inspect/inspect';
import type { ViewDescription } from '../../../projections/view-reader';
import { textsOf } from './actions';
import { path, type Items } from './api';
import { count, shown } from './format';
import { Badge, Empty, Facts, Loaded, Page, Section, Table, Time, useFetched } from './parts';
import { navigate, to } from './router';

/** The page, with or without a row. */
export const ExplainPage = ({ projection, rowKey }: { readonly projection?: string; readonly rowKey?: string }) => {
  const views = useFetched<Items<ViewDescription>>('/views');
  const isChosen = projection !== undefined && rowKey !== undefined;
  const explanation = useFetched<RowExplanation>(isChosen ? path('ops', 'explain', projection, rowKey) : undefined);
  const open = (event: SubmitEvent): void => {
    event.preventDefault();
    const { name = '', key = '' } = textsOf(event.currentTarget as HTMLFormElement);
    navigate(to('explain', name, key));
  };
  return (
    <Page
      title={isChosen ? `${projection}: ${rowKey}` : 'Explain a row'}
      lead="A row is what its events make of it: here is which ones, and what each changed."
    >
      <form class="inline" onSubmit={open}>
        <label>
          Projection
          <select name="name" key={projection}>
            {(views.value?.items ?? []).map(({ name }) => (
              <option key={name} selected={name === projection}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Key
          <input name="key" required defaultValue={rowKey ?? ''} autocomplete="off" />
        </label>
        <button type="submit">Explain</button>
      </form>
      {isChosen ? <Loaded from={explanation}>{(found) => <Explanation explanation={found} />}</Loaded> : null}
    </Page>
  );
};

const Explanation = ({ explanation }: { readonly explanation: RowExplanation }) => {
  const { row, agrees, eventCount, history, chains, deliveries } = explanation;
  return (
    <>
      <p>
        <Badge word={agrees ? 'ok' : 'failed'} />{' '}
        {agrees
          ? `The row is what its ${count(eventCount)} events make of it.`
          : `The row is not what its ${count(eventCount)} events make of it: rebuild it.`}
      </p>
      {deliveries.parked.length === 0 ? null : (
        <p class="failure">
          {deliveries.parked
            .map(({ topic, partition, offset, reason }) => `${topic}/${partition} at ${offset} waits: ${reason}`)
            .join('; ')}
        </p>
      )}
      <Section title="The row">
        {row === null ? (
          <Empty>It does not exist.</Empty>
        ) : (
          <Facts of={Object.entries(row).map(([name, value]) => [name, shown(value)])} />
        )}
      </Section>
      <Section title="Its events">
        <Table caption="Events that made the row" head={['Event', 'Type', 'When', 'What it changed']}>
          {history.map((each) => (
            <tr key={each.id}>
              <th scope="row">
                <a href={eventLink(each.id)}>{each.id}</a>
              </th>
              <td>{each.type}</td>
              <td>
                <Time at={each.recordedAt} />
              </td>
              <td class="long">
                {Object.entries(each.changes)
                  .map(([column, { from, to: after }]) => `${column}: ${shown(from)} → ${shown(after)}`)
                  .join(', ') || 'nothing'}
              </td>
            </tr>
          ))}
        </Table>
      </Section>
      <Section title="What else followed from the same requests">
        <ul>
          {chains.map(({ correlationId, events }) => (
            <li key={correlationId}>
              <a href={`${to('chains', correlationId)}?near=${events[0]?.position ?? 1}`}>
                {events.map(({ type }) => type).join(', ')}
              </a>
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
};

const eventLink = (id: string): string => {
  const at = id.lastIndexOf('@');
  return `${to('streams', id.slice(0, at))}?version=${id.slice(at + 1)}`;
};
