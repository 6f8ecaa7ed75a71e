/** What followed from one request, across streams: which event caused which. */
import { path, queryOf } from './api';
import type { ShownEvent } from './events';
import { count, counted, instant } from './format';
import { Empty, Loaded, Page, useFetched } from './parts';
import { to, type Place } from './router';

interface Chain {
  readonly fromPosition: number;
  readonly untilPosition: number;
  readonly items: ReadonlyArray<ShownEvent>;
}

/** The page of a correlation id. */
export const ChainPage = ({ id, place: { query } }: { readonly id: string; readonly place: Place }) => {
  const near = query.get('near') ?? undefined;
  const chain = useFetched<Chain>(`${path('ops', 'correlations', id)}${queryOf({ near })}`);
  return (
    <Page
      title="Chain"
      lead={
        <>
          What followed from the request <code>{id}</code>, from left to right.
        </>
      }
    >
      <Loaded from={chain}>
        {({ items, fromPosition, untilPosition }) =>
          items.length === 0 ? (
            <Empty>{`Nothing of it stands between positions ${count(fromPosition)} and ${count(untilPosition)}.`}</Empty>
          ) : (
            <>
              <Graph events={items} />
              <p>
                {counted(items.length, 'event')} in {counted(new Set(items.map(({ stream }) => stream)).size, 'stream')}
                .
              </p>
            </>
          )
        }
      </Loaded>
    </Page>
  );
};

interface Node {
  readonly event: ShownEvent;
  readonly column: number;
  readonly row: number;
}

const WIDTH = 200;
const HEIGHT = 58;
const GAP_X = 40;
const GAP_Y = 16;
const TITLE = 24;

/** A lane for each stream; an event stands right of what caused it, and of its stream's event before. */
const nodesOf = (events: ReadonlyArray<ShownEvent>): ReadonlyArray<Node> => {
  const lanes = [...new Set(events.map(({ stream }) => stream))];
  const columns = new Map<string, number>();
  const lastInLane = new Map<string, number>();
  return events.map((event) => {
    const column = Math.max((columns.get(event.causationId) ?? -1) + 1, (lastInLane.get(event.stream) ?? -1) + 1);
    columns.set(event.id, column);
    lastInLane.set(event.stream, column);
    return { event, column, row: lanes.indexOf(event.stream) };
  });
};

const xOf = ({ column }: Node): number => 4 + column * (WIDTH + GAP_X);
const yOf = ({ row }: Node): number => TITLE + 4 + row * (HEIGHT + GAP_Y + TITLE);

const Graph = ({ events }: { readonly events: ReadonlyArray<ShownEvent> }) => {
  const nodes = nodesOf(events);
  const width = Math.max(...nodes.map(xOf)) + WIDTH + 4;
  const height = Math.max(...nodes.map(yOf)) + HEIGHT + 4;
  const lanes = nodes.filter((node, index) => nodes.findIndex(({ row }) => row === node.row) === index);
  return (
    <div class="table graph" role="region" aria-label="Graph of causes" tabIndex={0}>
      <svg width={width} height={height} role="group" aria-label="Events, and what caused each">
        {lanes.map((node) => (
          <text key={node.event.stream} class="lane" x="4" y={yOf(node) - 8}>
            {node.event.stream}
          </text>
        ))}
        {nodes.map((node) => {
          const cause = nodes.find(({ event }) => event.id === node.event.causationId);
          return cause === undefined ? null : <path key={node.event.id} class="cause" d={curve(cause, node)} />;
        })}
        {nodes.map((node) => (
          <EventBox key={node.event.id} node={node} />
        ))}
      </svg>
    </div>
  );
};

const EventBox = ({ node }: { readonly node: Node }) => {
  const { event } = node;
  return (
    <a
      href={`${to('streams', event.stream)}?version=${event.version}`}
      class="event"
      aria-label={`${event.id}, ${event.type}, caused by ${event.causationId}`}
    >
      <g transform={`translate(${xOf(node)} ${yOf(node)})`}>
        <rect width={WIDTH} height={HEIGHT} rx="8" />
        <text class="name" x="10" y="24">
          {event.type}
        </text>
        <text x="10" y="44">
          {`@${event.version} · ${instant(event.recordedAt).slice(11, 19)}`}
        </text>
      </g>
    </a>
  );
};

const curve = (from: Node, into: Node): string => {
  const [x1, y1] = [xOf(from) + WIDTH, yOf(from) + HEIGHT / 2];
  const [x2, y2] = [xOf(into), yOf(into) + HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
};
