/** Random histories made by the domain's own rules, and random ways for a log to deliver them. */
import * as E from 'fp-ts/Either';
import fc from 'fast-check';
import { application } from '../../projections/fulfilment/application';
import type { Fold } from '../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf, type StoredEvent } from '../../domain/kernel/recorded-event';
import type { LogRecord } from '../../infra/kafka/event-log';
import { crowdedCommands } from '../domain/arbitraries';
import { decideOn } from '../../projections/testing/test-aggregate';
import { storedOf, type Told } from './views-fixture';

const { catalog } = application;

const STREAMS = ['order-o1', 'order-o2', 'order-o3', 'stock-a', 'stock-b', 'payment-p1', 'payment-p2', 'payment-p3'];

/** The events of one stream: what its aggregate decides for random commands. */
const streamEvents = (stream: string): fc.Arbitrary<ReadonlyArray<Told>> =>
  crowdedCommands(categoryOf(stream)).map((commands) => {
    const aggregate = catalog.byCategory(categoryOf(stream));
    if (aggregate === undefined) throw new Error(`no aggregate has the stream ${stream}`);
    const told: Told[] = [];
    let fold: Fold = aggregate.emptyFold;
    for (const { type, body } of commands) {
      const decision = decideOn(fold, aggregate, { type, id: aggregateIdOf(stream), body });
      if (E.isLeft(decision)) continue;
      for (const event of decision.right) {
        fold = fold.apply(event);
        told.push([stream, event.type, event.data as object]);
      }
    }
    return told;
  });

/** Streams whose events are shuffled into one store, each stream in its own order. */
export const histories: fc.Arbitrary<ReadonlyArray<StoredEvent>> = fc
  .tuple(...STREAMS.map(streamEvents))
  .chain((streams) =>
    fc.infiniteStream(fc.nat()).map((choices) => {
      const rest = streams.map((events) => [...events]).filter(({ length }) => length > 0);
      const story: Told[] = [];
      while (rest.length > 0) {
        const index = (choices.next().value as number) % rest.length;
        const event = rest[index]?.shift();
        if (event !== undefined) story.push(event);
        if (rest[index]?.length === 0) rest.splice(index, 1);
      }
      return storedOf(story);
    }),
  );

/**
 * Batches of a log: partitions in any interleaving, any number of records at a time, and sometimes a record that came
 * before comes again, further on in its partition.
 */
export const deliveries = (
  records: ReadonlyArray<LogRecord>,
  choose: (below: number) => number,
): ReadonlyArray<ReadonlyArray<LogRecord>> => {
  const partitions = new Map<string, LogRecord[]>();
  for (const record of records) {
    const key = `${record.topic}/${record.partition}`;
    partitions.set(key, [...(partitions.get(key) ?? []), record]);
  }
  const open = [...partitions.values()].map((rest) => ({ rest, sent: [] as LogRecord[] }));
  const batches: LogRecord[][] = [];
  while (open.some(({ rest }) => rest.length > 0)) {
    const batch: LogRecord[] = [];
    const size = 1 + choose(12);
    for (let count = 0; count < size; count += 1) {
      const candidates = open.filter(({ rest }) => rest.length > 0);
      const partition = candidates[choose(candidates.length)];
      if (partition === undefined) break;
      const again = choose(4) === 0 ? partition.sent[choose(partition.sent.length)] : undefined;
      const record = again ?? partition.rest.shift();
      if (record === undefined) break;
      const placed = { ...record, offset: partition.sent.length };
      partition.sent.push(placed);
      batch.push(placed);
    }
    if (batch.length > 0) batches.push(batch);
  }
  return batches;
};
