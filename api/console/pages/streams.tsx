/** Streams: the last events of all, and one stream as a timeline with the state at each event. */
import { path, queryOf, type Items } from './api';
import type { ShownEvent } from './events';
import { count } from './format';
import { useTicks } from './live';
import { Ago, Empty, Facts, Json, Loaded, Page, Section, Table, Time, useFetched } from './parts';
import { textsOf } from './actions';
import { navigate, to, type Place } from './router';

/** The last events, and the way to a stream. */
export const StreamsPage = ({ place: { query } }: { readonly place: Place }) => {
  const cursor = query.get('cursor') ?? undefined;
  const ticks = useTicks(2);
  const events = useFetched<Items<ShownEvent>>(`/ops/events${queryOf({ limit: 50, cursor })}`, cursor ?? ticks);
  const open = (event: SubmitEvent): void => {
    event.preventDefault();
    const { stream = '' } = textsOf(event.currentTarget as HTMLFormElement);
    navigate(to('streams', stream));
  };
  return (
    <Page title="Streams" lead="Every event of an aggregate stands in one stream, such as order-o1.">
      <form class="inline" onSubmit={open}>
        <label>
          Stream
          <input name="stream" required placeholder="order-o1" autocomplete="off" />
        </label>
        <button type="submit">Open</button>
      </form>
      <Section title={cursor === undefined ? 'The last events' : 'Earlier events'}>
        <Loaded from={events}>
          {({ items, nextCursor }) => (
            <>
              <EventTable caption="Events, the newest first" events={items} />
              {nextCursor === undefined ? null : (
                <p>
                  <a href={`${to('streams')}${queryOf({ cursor: nextCursor })}`}>Earlier</a>
                </p>
              )}
            </>
          )}
        </Loaded>
      </Section>
    </Page>
  );
};

const EventTable = ({ caption, events }: { readonly caption: string; readonly events: ReadonlyArray<ShownEvent> }) =>
  events.length === 0 ? (
    <Empty>There are no events.</Empty>
  ) : (
    <Table caption={caption} head={['Position', 'Stream', 'Event', 'When', 'Who', 'Chain']}>
      {events.map((each) => (
        <tr key={each.id}>
          <td class="n">{count(each.position)}</td>
          <th scope="row">
            <a href={`${to('streams', each.stream)}?version=${each.version}`}>{each.id}</a>
          </th>
          <td>{each.type}</td>
          <td>
            <Ago at={each.recordedAt} />
          </td>
          <td>{each.actor}</td>
          <td>
            <a href={chainLink(each)} aria-label={`Chain of ${each.id}`}>
              chain
            </a>
          </td>
        </tr>
      ))}
    </Table>
  );

const chainLink = ({ correlationId, position }: ShownEvent): string =>
  `${to('chains', correlationId)}?near=${position}`;

interface State {
  readonly version: number;
  readonly state: unknown;
}

/** One stream. */
export const StreamPage = ({ stream, place: { query } }: { readonly stream: string; readonly place: Place }) => {
  const cursor = query.get('cursor') ?? undefined;
  const page = useFetched<Items<ShownEvent>>(`${path('streams', stream)}${queryOf({ limit: 100, cursor })}`);
  return (
    <Page title={stream} lead="Its events in their order; choose one to see what was true then.">
      <Loaded from={page}>
        {({ items, nextCursor }) => (
          <>
            <Timeline
              stream={stream}
              events={items}
              chosen={Number(query.get('version') ?? items.at(-1)?.version ?? 0)}
              cursor={cursor}
            />
            {nextCursor === undefined ? null : (
              <p>
                <a href={`${to('streams', stream)}${queryOf({ cursor: nextCursor })}`}>Later events</a>
              </p>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
};

const Timeline = ({
  stream,
  events,
  chosen,
  cursor,
}: {
  readonly stream: string;
  readonly events: ReadonlyArray<ShownEvent>;
  readonly chosen: number;
  readonly cursor: string | undefined;
}) => {
  const event = events.find(({ version }) => version === chosen) ?? events.at(-1);
  return (
    <div class="beside">
      <ol class="timeline" aria-label="Events of the stream" start={events[0]?.version ?? 1}>
        {events.map((each) => (
          <li key={each.id}>
            <a
              href={`${to('streams', stream)}${queryOf({ version: each.version, cursor })}`}
              aria-current={each.version === event?.version ? 'true' : undefined}
            >
              <strong>{each.type}</strong>
              <span>
                {each.version} · <Time at={each.recordedAt} />
              </span>
            </a>
          </li>
        ))}
      </ol>
      {event === undefined ? null : <Chosen event={event} />}
    </div>
  );
};

const Chosen = ({ event }: { readonly event: ShownEvent }) => {
  const state = useFetched<State>(`${path('streams', event.stream)}?asOf=${event.position}`);
  return (
    <div>
      <Section title={`${event.type}, version ${event.version}`}>
        <Facts
          of={[
            ['Recorded', <Time at={event.recordedAt} />],
            ['By', event.actor],
            ['Position', count(event.position)],
            ['Schema', <a href={path('schemas', event.type, event.schemaVersion)}>version {event.schemaVersion}</a>],
            ['Caused by', <CausedBy event={event} />],
            ['What else followed', <a href={chainLink(event)}>its chain</a>],
          ]}
        />
        <h3>What it says</h3>
        <Json value={event.data} label="Payload of the event" />
      </Section>
      <Section title="The state after it">
        <Loaded from={state}>{(found) => <Json value={found.state} label="State after the event" />}</Loaded>
      </Section>
    </div>
  );
};

const CausedBy = ({ event: { causationId } }: { readonly event: ShownEvent }) => {
  const [stream = '', version] = causationId.split('@');
  return version === undefined ? (
    <>{causationId}</>
  ) : (
    <a href={`${to('streams', stream)}?version=${version}`}>{causationId}</a>
  );
};
