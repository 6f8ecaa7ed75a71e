/** `tidemark contracts partitions`: how stored events spread over partitions, and what another count or key would do. */
import type { Aggregate, Catalog } from '../../../domain/kernel/aggregate';
import { decodeEvent } from '../../../domain/kernel/decode-event';
import { aggregateIdOf, categoryOf, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { loadCount, type LoadCount, type PartitionLoad } from '../../../infra/kafka/partition-load';
import type { Output } from './output';
import { eachEvent, openStore } from './store-events';

export interface PartitionsOptions extends Output {
  readonly store: string;
  /** Number of partitions to simulate; undefined for the declared number. */
  readonly simulate: number | undefined;
  /** Payload field to simulate as the key; undefined for the declared key. */
  readonly key: string | undefined;
}

interface TopicCount {
  readonly declared: LoadCount;
  readonly simulated: LoadCount;
  /** Events without the simulated key field; they are counted by the declared key. */
  withoutField: number;
}

/** Prints one block per topic. Throws if the store can't be opened. */
export const partitions = async (
  catalog: Catalog,
  { store, simulate, key, json, print }: PartitionsOptions,
): Promise<void> => {
  const counts = new Map<string, TopicCount>();
  const fieldOf = fieldReader(catalog, key);
  const feed = await openStore(store);
  try {
    await eachEvent(feed, (event) => {
      const aggregate = catalog.byCategory(categoryOf(event.stream));
      if (aggregate === undefined) return;
      const count = countOf(counts, aggregate.topic.name);
      const id = aggregateIdOf(event.stream);
      const field = fieldOf(event);
      count.declared.add(event.stream, id);
      count.simulated.add(event.stream, field ?? id);
      if (key !== undefined && field === undefined) count.withoutField += 1;
    });
  } finally {
    await feed.close();
  }
  for (const { topic } of catalog.aggregates) {
    const count = countOf(counts, topic.name);
    const declared = count.declared.over(topic.partitions);
    const isSimulated = simulate !== undefined || key !== undefined;
    const simulated = isSimulated ? count.simulated.over(simulate ?? topic.partitions) : undefined;
    if (json) {
      const { withoutField } = count;
      print(
        JSON.stringify({ topic: topic.name, key: topic.key.is, declared, simulatedKey: key, withoutField, simulated }),
      );
      continue;
    }
    for (const line of loadLines(`${topic.name}, as declared: by ${topic.key.is}`, declared)) print(line);
    if (simulated === undefined) continue;
    const by = key === undefined ? topic.key.is : `the field '${key}'`;
    for (const line of loadLines(`${topic.name}, simulated: by ${by}`, simulated)) print(line);
    for (const line of consequences(topic, declared, simulated, count.withoutField, key)) print(line);
  }
};

const countOf = (counts: Map<string, TopicCount>, topic: string): TopicCount => {
  const known = counts.get(topic);
  if (known !== undefined) return known;
  const count = { declared: loadCount(), simulated: loadCount(), withoutField: 0 };
  counts.set(topic, count);
  return count;
};

/** The value of the field in the newest version; undefined if there is no value that could be a key. */
const fieldReader = (catalog: Catalog, key: string | undefined): ((event: StoredEvent) => string | undefined) => {
  if (key === undefined) return () => undefined;
  const decode = decodeEvent(catalog);
  return (event) => {
    const read = decode(event, JSON.parse(event.payload) as unknown);
    if (read._tag === 'Left') return undefined;
    // A payload that has passed its codec is an object.
    const value = (read.right.data as Readonly<Record<string, unknown>>)[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
};

const loadLines = (title: string, load: PartitionLoad): ReadonlyArray<string> => [
  `${title}, over ${load.partitions} partitions: ${load.events} events of ${load.keys} keys, max/mean ${load.maxToMean.toFixed(2)}`,
  ...load.load.map(
    (events, partition) =>
      `  partition ${String(partition).padStart(3)} ${String(events).padStart(10)} ${bar(events, load)}`,
  ),
  ...load.hottest.map(
    ({ key, events, partition }) =>
      `  hot key ${key}: ${events} events (${((100 * events) / Math.max(load.events, 1)).toFixed(1)} %), in partition ${partition}`,
  ),
];

const BAR_WIDTH = 40;

const bar = (events: number, { load }: PartitionLoad): string =>
  '#'.repeat(Math.round((BAR_WIDTH * events) / Math.max(...load, 1)));

const consequences = (
  topic: Aggregate['topic'],
  declared: PartitionLoad,
  simulated: PartitionLoad,
  withoutField: number,
  key: string | undefined,
): ReadonlyArray<string> => {
  const better = simulated.maxToMean < declared.maxToMean ? 'more even' : 'no more even';
  const heaviest = simulated.hottest[0];
  const share = heaviest === undefined ? 0 : heaviest.events / Math.max(simulated.events, 1);
  const most = share === 0 ? simulated.partitions : Math.min(simulated.partitions, Math.floor(1 / share));
  return [
    `  => ${better} than now (${simulated.maxToMean.toFixed(2)} against ${declared.maxToMean.toFixed(2)}); more than ${most} consumers would wait for the hottest key`,
    ...(withoutField === 0
      ? []
      : [`  => ${withoutField} events have no field '${String(key)}'; they were counted by ${topic.key.is}`]),
    ...(simulated.splitStreams === 0
      ? []
      : [
          `  => ${simulated.splitStreams} streams would be spread over several partitions: the order of their events would be lost`,
        ]),
  ];
};
