/** What a comparison of log and store has found: counted all, shown in part. */
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { LogRecord } from '../kafka/event-log';
import type { LogRange } from './partition-readers';
import { byPartition, partitionName, type TopicPartition } from '../topic-partition';

/** One thing that is not as it should be. */
export interface LogFinding {
  readonly kind: 'missing' | 'extra' | 'out of order' | 'altered';
  readonly topic: string;
  readonly partition: number;
  /** Where the record stands; null where it is missing. */
  readonly offset: number | null;
  /** The event; null where a record is none. */
  readonly id: string | null;
  readonly position: number | null;
  readonly detail: string;
}

/** What is missing in a partition. */
export interface PartitionFindings {
  readonly topic: string;
  readonly partition: number;
  readonly low: number;
  readonly high: number;
  /** Missing before events that are there: consumers that have come past them would drop them. */
  readonly gaps: number;
  /** Missing at the end: they can follow in order. */
  readonly tail: number;
  /** The position of the first of those; null where there is none. */
  readonly tailFrom: number | null;
}

interface Partition extends LogRange {
  /** Positions that were passed without their record. */
  readonly missing: Set<number>;
  gaps: number;
  tail: number;
  tailFrom: number | null;
  last: number;
}

/** So many of each kind are shown. */
const SHOWN = 20;
/** So many missing events of a partition are remembered, in case they come late. */
const REMEMBERED = 100_000;

/** Starts with nothing found. */
export const comparisonFindings = (ranges: ReadonlyArray<LogRange>) => {
  const partitions = byPartition(ranges.map(emptyPartition));
  const counts = { records: 0, repeated: 0, missing: 0, extra: 0, outOfOrder: 0, altered: 0 };
  const shown = shownFindings();
  const missingShown = new Map<number, LogFinding>();

  const at = (of: TopicPartition): Partition => {
    const found = partitions.get(of);
    if (found === undefined) throw new Error(`${partitionName(of)} is not compared`);
    return found;
  };
  const { show } = shown;

  return {
    present: (of: TopicPartition, position: number): void => {
      counts.records += 1;
      const reading = at(of);
      reading.gaps += reading.tail;
      reading.tail = 0;
      reading.tailFrom = null;
      reading.last = position;
    },
    passed: (): void => {
      counts.records += 1;
    },
    repeated: (): void => {
      counts.records += 1;
      counts.repeated += 1;
    },
    missing: (of: TopicPartition, { id, position }: StoredEvent): void => {
      const reading = at(of);
      counts.missing += 1;
      reading.tail += 1;
      reading.tailFrom ??= position;
      if (reading.missing.size < REMEMBERED) reading.missing.add(position);
      if (missingShown.size < SHOWN) {
        const detail = reading.last === 0 ? 'nothing stands before it' : `after position ${reading.last}`;
        const { topic, partition } = of;
        missingShown.set(position, { kind: 'missing', topic, partition, offset: null, id, position, detail });
      }
    },
    isMissing: (of: TopicPartition, position: number): boolean => at(of).missing.has(position),
    /** An event that was missing comes after all, behind others. */
    late: (record: LogRecord, { id, position }: StoredEvent, nextOfKey: number | undefined): void => {
      const { topic, partition, offset } = record;
      const reading = at(record);
      counts.records += 1;
      counts.missing -= 1;
      counts.outOfOrder += 1;
      reading.missing.delete(position);
      missingShown.delete(position);
      if (reading.tailFrom !== null && position >= reading.tailFrom) reading.tail -= 1;
      else reading.gaps -= 1;
      const detail = lateness(reading.last, nextOfKey);
      show({ kind: 'out of order', topic, partition, offset, id, position, detail });
    },
    extra: ({ topic, partition, offset }: LogRecord, id: string | null, detail: string): void => {
      counts.records += 1;
      counts.extra += 1;
      show({ kind: 'extra', topic, partition, offset, id, position: null, detail });
    },
    altered: ({ topic, partition, offset }: LogRecord, { id, position }: StoredEvent, detail: string): void => {
      counts.altered += 1;
      show({ kind: 'altered', topic, partition, offset, id, position, detail });
    },
    result: () => ({
      ...counts,
      partitions: partitions.values().map(partitionFindings),
      findings: [...missingShown.values(), ...shown.all()],
    }),
  };
};

const partitionFindings = ({ topic, partition, low, high, gaps, tail, tailFrom }: Partition): PartitionFindings => ({
  topic,
  partition,
  low,
  high,
  gaps,
  tail,
  tailFrom: tail === 0 ? null : tailFrom,
});

/** What it means that an event comes late; `nextOfKey` is where its stream goes on. */
const lateness = (last: number, nextOfKey: number | undefined): string => {
  const isOfKey = nextOfKey !== undefined && nextOfKey <= last;
  return (
    `it comes after position ${last}` +
    (isOfKey ? ', and after later events of its own key' : '; its own key is in order') +
    ': consumers that keep a high-water mark drop it'
  );
};

const emptyPartition = (range: LogRange): Partition => ({
  ...range,
  missing: new Set(),
  gaps: 0,
  tail: 0,
  tailFrom: null,
  last: 0,
});

/** The first of each kind; what is missing may still come late, and is kept apart. */
const shownFindings = () => {
  const byKind = new Map<LogFinding['kind'], LogFinding[]>();
  return {
    show: (finding: LogFinding): void => {
      const known = byKind.get(finding.kind) ?? [];
      if (known.length < SHOWN) known.push(finding);
      byKind.set(finding.kind, known);
    },
    all: (): ReadonlyArray<LogFinding> => [...byKind.values()].flat(),
  };
};
