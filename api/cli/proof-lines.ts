/** The proof of a rebuild, for people: rows and hashes as they are, and beside them the events that the store holds. */
import { partitionName } from '../../infra/topic-partition';

/** One topic of a comparison with the store, as the server writes it. */
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

/** One line a figure, indented. */
export const proofLines = (proof: Readonly<Record<string, unknown>> | null): ReadonlyArray<string> =>
  Object.entries(proof ?? {}).flatMap(([name, value]) =>
    // Written by the server of this program.
    name === 'store' ? storeLines(value as Store) : [`  ${name}: ${shown(value)}`],
  );

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const storeLines = ({ equal, topics }: Store): ReadonlyArray<string> => [
  `  taken in as the store holds it: ${equal ? 'yes' : 'no'}`,
  ...topics.flatMap((each) => [
    `    ${each.topic}: ${each.events} events (${each.digest}), in the store ${each.eventsInStore} (${each.digestInStore})`,
    ...each.differs.map(
      ({ partition, events, eventsInStore }) =>
        `      ${partitionName({ topic: each.topic, partition })} differs: ${events} events, in the store ${eventsInStore}`,
    ),
  ]),
];
