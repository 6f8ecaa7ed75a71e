/**
 * Holds the Kafka log against the store: the store's events in the order of positions, and beside each the record that its
 * partition should have next. Both are read once, and only what lies between them is kept in memory.
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

/** What came of it. Plain JSON. */
export interface LogComparison {
  readonly untilPosition: number;
  readonly events: number;
  readonly records: number;
  /** Records of events that had come before, the same in every detail: consumers drop them. */
  readonly repeated: number;
  readonly missing: number;
  readonly extra: number;
  readonly outOfOrder: number;
  readonly altered: number;
  /** Extra records that name this store: forged, or of a newer state of it. The first ten thousand. */
  readonly unknown: ReadonlyArray<UnknownRecord>;
  /** Offsets that were given away and hold no record; what they held is counted as missing. */
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
  /** What the relay says it has published: what comes after is none of this comparison's business. */
  readonly untilPosition: number;
  readonly onProgress: (position: number) => void;
}

const EVENTS_PER_PAGE = 1_000;

/** Compares. Rejects where Kafka does not answer, or a topic is missing. */
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
    return await comparison(options, ranges, partitionReaders(consumer, ranges, clock));
  } finally {
    await consumer.close();
  }
};

const MAX_UNKNOWN = 10_000;

interface Comparing extends LogComparisonOptions {
  readonly unknown: UnknownRecord[];
  readonly heads: PartitionReaders;
  readonly findings: ReturnType<typeof comparisonFindings>;
}

const comparison = async (
  options: LogComparisonOptions,
  ranges: ReadonlyArray<LogRange>,
  heads: PartitionReaders,
): Promise<LogComparison> => {
  const { store, encode, untilPosition, catalog, onProgress } = options;
  const findings = comparisonFindings(ranges);
  const unknown: UnknownRecord[] = [];
  const comparing: Comparing = { ...options, heads, findings, unknown };
  let events = 0;
  for (let position = 0; position < untilPosition;) {
    const limit = Math.min(EVENTS_PER_PAGE, untilPosition - position);
    const page = await store.readAll({ afterPosition: position, limit, maxBytes: MAX_PAGE_BYTES });
    for (const event of page) {
      // An aggregate that the program no longer has is not published.
      if (catalog.byCategory(categoryOf(event.stream)) === undefined) continue;
      events += 1;
      await expect(comparing, event, encode(event));
    }
    position = page.at(-1)?.position ?? untilPosition;
    onProgress(position);
  }
  for (const range of ranges) await drain(comparing, range);
  return { untilPosition, events, ...findings.result(), unknown, offsetGaps: heads.gaps() };
};

/** Looks for one event at the head of its partition, past whatever stands before it. */
const expect = async (comparing: Comparing, event: StoredEvent, expected: EncodedEvent): Promise<void> => {
  const { heads, findings } = comparing;
  for (;;) {
    const record = await heads.head(expected);
    if (record === undefined) break;
    if (isSame(record, expected)) {
      findings.present(expected, event.position);
      heads.advance(expected);
      return;
    }
    const received = readCloudEvent(record);
    // Beyond what is looked for: that is missing, unless the record is no event of this store at all.
    if (
      E.isRight(received) &&
      received.right.envelope.position > event.position &&
      (await isOurs(comparing, received.right))
    )
      break;
    if (E.isRight(received) && received.right.envelope.id === event.id) {
      const difference = differenceOf(record, received.right, expected);
      if (difference !== undefined) findings.altered(record, event, difference);
      findings.present(expected, event.position);
      heads.advance(expected);
      return;
    }
    await unexpected(comparing, record, received);
    heads.advance(expected);
  }
  findings.missing(expected, event);
};

/** What is left of a partition after the last event that it had to have. */
const drain = async (comparing: Comparing, at: TopicPartition): Promise<void> => {
  const { heads, untilPosition, findings } = comparing;
  for (;;) {
    const record = await heads.head(at);
    if (record === undefined) return;
    const received = readCloudEvent(record);
    const isNew =
      E.isRight(received) &&
      received.right.envelope.position > untilPosition &&
      (await isOurs(comparing, received.right));
    // Published while this comparison was under way.
    if (isNew) findings.passed();
    else await unexpected(comparing, record, received);
    heads.advance(at);
  }
};

/** A record that does not stand where the order of positions would have it. */
const unexpected = async (
  comparing: Comparing,
  record: LogRecord,
  received: E.Either<string, ReceivedEvent>,
): Promise<void> => {
  const { findings, encode } = comparing;
  if (E.isLeft(received)) {
    findings.extra(record, null, received.left);
    return;
  }
  const { envelope, claims } = received.right;
  const stored = await storedAt(comparing, envelope.position);
  if (stored?.id !== envelope.id) {
    const { topic, partition } = record;
    const { unknown, store } = comparing;
    if (claims.storeId === store.identity.storeId && unknown.length < MAX_UNKNOWN)
      unknown.push({ topic, partition, position: envelope.position });
    const found = stored === undefined ? 'nothing' : stored.id;
    findings.extra(record, envelope.id, `the store has ${found} at its position ${envelope.position}`);
    return;
  }
  const expected = encode(stored);
  if (!isSamePartition(expected, record)) {
    findings.extra(record, envelope.id, `it belongs to ${partitionName(expected)}`);
    return;
  }
  const difference = isSame(record, expected) ? undefined : differenceOf(record, received.right, expected);
  if (difference !== undefined) findings.altered(record, stored, difference);
  if (findings.isMissing(record, stored.position)) {
    const [next] = await comparing.store.readStream(stored.stream, { afterVersion: stored.version, limit: 1 });
    findings.late(record, stored, next?.position);
  } else if (difference === undefined) findings.repeated();
};

const storedAt = async ({ store }: Comparing, position: number): Promise<StoredEvent | undefined> =>
  (await store.readAll({ afterPosition: position - 1, limit: 1 })).find((event) => event.position === position);

const isOurs = async (comparing: Comparing, { envelope }: ReceivedEvent): Promise<boolean> =>
  (await storedAt(comparing, envelope.position))?.id === envelope.id;

/** The quick look, which nearly every record passes. */
const isSame = ({ value, key, headers }: LogRecord, expected: EncodedEvent): boolean => {
  if (value?.toString('utf8') !== expected.value || key?.toString('utf8') !== expected.key) return false;
  // In structured mode everything is in the value; in binary mode the headers hold the rest.
  return expected.headers.every((header) =>
    Object.entries(header).every(([name, text]) => headerNamed(headers, name)?.toString('utf8') === text),
  );
};

/** What is not as the store has it; undefined where only the writing differs (mode, order of attributes, schema host). */
const differenceOf = (record: LogRecord, received: ReceivedEvent, expected: EncodedEvent): string | undefined => {
  if (record.key?.toString('utf8') !== expected.key) return `its key is '${record.key?.toString('utf8') ?? ''}'`;
  const wanted = readCloudEvent({ value: Buffer.from(expected.value), headers: recordHeaders(expected.headers) });
  if (E.isLeft(wanted)) return wanted.left;
  for (const [name, value] of Object.entries(wanted.right.envelope)) {
    const found: unknown = received.envelope[name as keyof typeof received.envelope];
    if (found !== value) return `its ${name} is ${JSON.stringify(found)}, in the store ${JSON.stringify(value)}`;
  }
  const { storeId, subject } = received.claims;
  // Records from before stores had ids name none.
  if (storeId !== undefined && storeId !== wanted.right.claims.storeId)
    return `its storeid is ${JSON.stringify(storeId)}`;
  if (subject !== wanted.right.claims.subject) return `its subject is ${JSON.stringify(subject)}`;
  return JSON.stringify(received.data) === JSON.stringify(wanted.right.data) ? undefined : 'its payload is another one';
};
