/**
 * Compares the Kafka log with the store: for each of the store's events, in the order of positions, the next record of its
 * partition. Both are read once, with a bounded number of records in memory.
 */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../domain/kernel/aggregate';
import { categoryOf, type StoredEvent } from '../../domain/kernel/recorded-event';
import type { Clock } from '../clock';
import { readCloudEvent, type EncodedEvent, type ReceivedEvent } from '../kafka/cloud-events';
import type { EventLog, LogRecord } from '../kafka/event-log';
import type { OffsetGap } from '../kafka/offset-gaps';
import { headerNamed, recordHeaders } from '../kafka/record-headers';
import { MAX_PAGE_BYTES, type EventFeed } from '../event-store/event-feed';
import { comparisonFindings, type LogFinding, type PartitionFindings } from './findings';
import { partitionReaders, type PartitionReaders, type LogRange } from './partition-readers';
import { isSamePartition, partitionName, type TopicPartition } from '../topic-partition';

/** The result. Plain JSON. */
export interface LogComparison {
  readonly untilPosition: number;
  readonly events: number;
  readonly records: number;
  /** Identical records of events that are in the log already: consumers drop them. */
  readonly repeated: number;
  readonly missing: number;
  readonly extra: number;
  readonly outOfOrder: number;
  readonly altered: number;
  /** Extra records that name this store: forged, or of a newer state of it; at most ten thousand. */
  readonly unknown: ReadonlyArray<UnknownRecord>;
  /** Offsets without a record; their events are counted as missing. */
  readonly offsetGaps: ReadonlyArray<OffsetGap>;
  readonly partitions: ReadonlyArray<PartitionFindings>;
  /** The first of each kind. */
  readonly findings: ReadonlyArray<LogFinding>;
}

/** A record that names this store, which does not have it. */
export interface UnknownRecord extends TopicPartition {
  readonly position: number;
}

export interface LogComparisonOptions {
  readonly store: Pick<EventFeed, 'identity' | 'readAll' | 'readStream'>;
  readonly log: EventLog;
  readonly catalog: Catalog;
  readonly clock: Clock;
  /** As the relay writes them. */
  readonly encode: (event: StoredEvent) => EncodedEvent;
  /** The relay's cursor: later events are not compared. */
  readonly untilPosition: number;
  readonly onProgress: (position: number) => void;
}

const EVENTS_PER_PAGE = 1_000;

/** Compares the whole log. Rejects where Kafka does not respond, or a topic is missing. */
export const compareLog = async (options: LogComparisonOptions): Promise<LogComparison> => {
  const { log, clock } = options;
  const consumer = await log.openConsumer('tidemark-verify');
  try {
    const ranges: LogRange[] = [];
    const topics = options.catalog.aggregates.map(({ topic }) => topic.name);
    for (const { topic, partitions } of await log.describe(topics)) {
      for (let partition = 0; partition < partitions; partition += 1) {
        ranges.push({ topic, partition, ...(await consumer.watermarks(topic, partition)) });
      }
    }
    return await compareWithReaders(options, ranges, partitionReaders(consumer, ranges, clock));
  } finally {
    await consumer.close();
  }
};

const MAX_UNKNOWN = 10_000;

interface ComparisonContext extends LogComparisonOptions {
  readonly unknown: UnknownRecord[];
  readonly readers: PartitionReaders;
  readonly findings: ReturnType<typeof comparisonFindings>;
}

const compareWithReaders = async (
  options: LogComparisonOptions,
  ranges: ReadonlyArray<LogRange>,
  readers: PartitionReaders,
): Promise<LogComparison> => {
  const { store, encode, untilPosition, catalog, onProgress } = options;
  const findings = comparisonFindings(ranges);
  const unknown: UnknownRecord[] = [];
  const context: ComparisonContext = { ...options, readers, findings, unknown };
  let events = 0;
  for (let position = 0; position < untilPosition;) {
    const limit = Math.min(EVENTS_PER_PAGE, untilPosition - position);
    const page = await store.readAll({ afterPosition: position, limit, maxBytes: MAX_PAGE_BYTES });
    for (const event of page) {
      // An aggregate that the program no longer has is not published.
      if (catalog.byCategory(categoryOf(event.stream)) === undefined) continue;
      events += 1;
      await findEvent(context, event, encode(event));
    }
    position = page.at(-1)?.position ?? untilPosition;
    onProgress(position);
  }
  for (const range of ranges) await drain(context, range);
  return { untilPosition, events, ...findings.result(), unknown, offsetGaps: readers.gaps() };
};

/** Reads a partition up to the record of an event, or to a record that shows that it is missing. */
const findEvent = async (context: ComparisonContext, event: StoredEvent, expected: EncodedEvent): Promise<void> => {
  const { readers, findings } = context;
  for (;;) {
    const record = await readers.peek(expected);
    if (record === undefined) break;
    if (isSame(record, expected)) {
      findings.notePresent(expected, event.position);
      readers.advance(expected);
      return;
    }
    const received = readCloudEvent(record);
    // A later event of this store shows that the expected one is missing.
    if (
      E.isRight(received) &&
      received.right.envelope.position > event.position &&
      (await isOurs(context, received.right))
    )
      break;
    if (E.isRight(received) && received.right.envelope.id === event.id) {
      const difference = differenceOf(record, received.right, expected);
      if (difference !== undefined) findings.noteAltered(record, event, difference);
      findings.notePresent(expected, event.position);
      readers.advance(expected);
      return;
    }
    await noteUnexpected(context, record, received);
    readers.advance(expected);
  }
  findings.noteMissing(expected, event);
};

/** Reads the rest of a partition after its last expected event. */
const drain = async (context: ComparisonContext, at: TopicPartition): Promise<void> => {
  const { readers, untilPosition, findings } = context;
  for (;;) {
    const record = await readers.peek(at);
    if (record === undefined) return;
    const received = readCloudEvent(record);
    const isNew =
      E.isRight(received) &&
      received.right.envelope.position > untilPosition &&
      (await isOurs(context, received.right));
    // Published during this comparison.
    if (isNew) findings.noteNew();
    else await noteUnexpected(context, record, received);
    readers.advance(at);
  }
};

/** Classifies a record that is not in the order of positions. */
const noteUnexpected = async (
  context: ComparisonContext,
  record: LogRecord,
  received: E.Either<string, ReceivedEvent>,
): Promise<void> => {
  const { findings, encode } = context;
  if (E.isLeft(received)) {
    findings.noteExtra(record, null, received.left);
    return;
  }
  const { envelope, claims } = received.right;
  const stored = await storedAt(context, envelope.position);
  if (stored?.id !== envelope.id) {
    const { topic, partition } = record;
    const { unknown, store } = context;
    if (claims.storeId === store.identity.storeId && unknown.length < MAX_UNKNOWN)
      unknown.push({ topic, partition, position: envelope.position });
    const found = stored === undefined ? 'nothing' : stored.id;
    findings.noteExtra(record, envelope.id, `the store has ${found} at its position ${envelope.position}`);
    return;
  }
  const expected = encode(stored);
  if (!isSamePartition(expected, record)) {
    findings.noteExtra(record, envelope.id, `it belongs to ${partitionName(expected)}`);
    return;
  }
  const difference = isSame(record, expected) ? undefined : differenceOf(record, received.right, expected);
  if (difference !== undefined) findings.noteAltered(record, stored, difference);
  if (findings.isMissing(record, stored.position)) {
    const [next] = await context.store.readStream(stored.stream, { afterVersion: stored.version, limit: 1 });
    findings.noteLate(record, stored, next?.position);
  } else if (difference === undefined) findings.noteRepeated();
};

const storedAt = async ({ store }: ComparisonContext, position: number): Promise<StoredEvent | undefined> =>
  (await store.readAll({ afterPosition: position - 1, limit: 1 })).find((event) => event.position === position);

const isOurs = async (context: ComparisonContext, { envelope }: ReceivedEvent): Promise<boolean> =>
  (await storedAt(context, envelope.position))?.id === envelope.id;

/** The fast comparison of bytes, which is enough for nearly every record. */
const isSame = ({ value, key, headers }: LogRecord, expected: EncodedEvent): boolean => {
  if (value?.toString('utf8') !== expected.value || key?.toString('utf8') !== expected.key) return false;
  // In structured mode everything is in the value; in binary mode the attributes are in the headers.
  return expected.headers.every((header) =>
    Object.entries(header).every(([name, text]) => headerNamed(headers, name)?.toString('utf8') === text),
  );
};

/** In what a record differs from the store; undefined where only its encoding does (mode, order of attributes, schema host). */
const differenceOf = (record: LogRecord, received: ReceivedEvent, expected: EncodedEvent): string | undefined => {
  if (record.key?.toString('utf8') !== expected.key) return `its key is '${record.key?.toString('utf8') ?? ''}'`;
  const stored = readCloudEvent({ value: Buffer.from(expected.value), headers: recordHeaders(expected.headers) });
  if (E.isLeft(stored)) return stored.left;
  for (const [name, value] of Object.entries(stored.right.envelope)) {
    const found: unknown = received.envelope[name as keyof typeof received.envelope];
    if (found !== value) return `its ${name} is ${JSON.stringify(found)}, in the store ${JSON.stringify(value)}`;
  }
  const { storeId, subject } = received.claims;
  // Records of early releases have no store id.
  if (storeId !== undefined && storeId !== stored.right.claims.storeId)
    return `its storeid is ${JSON.stringify(storeId)}`;
  if (subject !== stored.right.claims.subject) return `its subject is ${JSON.stringify(subject)}`;
  return JSON.stringify(received.data) === JSON.stringify(stored.right.data) ? undefined : 'its payload differs';
};
