/** Formats the proof of a rebuild as text: rows, hashes, and the comparison with the store's events. */
import { partitionName } from '../../infra/topic-partition';

/** One topic of a comparison with the store, as the server sends it. */
interface TopicLine {
  readonly topic: string;
  readonly events: number;
  readonly eventsInStore: number;
  readonly digest: string;
  readonly digestInStore: string;
  readonly equal: boolean;
  readonly differs: ReadonlyArray<{
    readonly partition: number;
    readonly events: number;
    readonly eventsInStore: number;
  }>;
}

interface Store {
  readonly equal: boolean;
  readonly topics: ReadonlyArray<TopicLine>;
}

/** One indented line per figure. */
export const proofLines = (proof: Readonly<Record<string, unknown>> | null): ReadonlyArray<string> =>
  Object.entries(proof ?? {}).flatMap(([name, value]) =>
    // The server of this program sends this shape.
    name === 'store' ? storeLines(value as Store) : [`  ${name}: ${shown(value)}`],
  );

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const storeLines = ({ equal, topics }: Store): ReadonlyArray<string> => [
  `  same events as in the store: ${equal ? 'yes' : 'no'}`,
  ...topics.flatMap((each) => [
    `    ${each.topic}: ${each.events} events (${each.digest}), in the store ${each.eventsInStore} (${each.digestInStore})`,
    ...each.differs.map(
      ({ partition, events, eventsInStore }) =>
        `      ${partitionName({ topic: each.topic, partition })} differs: ${events} events, in the store ${eventsInStore}`,
    ),
  ]),
];
