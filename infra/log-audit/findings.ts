/** The findings of a comparison of the log with the store: all are counted, and the first of each kind are listed. */
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { LogRecord } from '../kafka/event-log';
import type { LogRange } from './partition-readers';
import { byPartition, partitionName, type TopicPartition } from '../topic-partition';

/** One difference between the log and the store. */
export interface LogFinding extends TopicPartition {
  readonly kind: 'missing' | 'extra' | 'out of order' | 'altered';
  /** The offset of the record; null where it is missing. */
  readonly offset: number | null;
  /** The id of the event; null where the record is not an event. */
  readonly id: string | null;
  readonly position: number | null;
  readonly detail: string;
}

/** The missing events of a partition. */
export interface PartitionFindings extends TopicPartition {
  readonly low: number;
  readonly high: number;
  /** The number of missing events before others: consumers would drop them as duplicates if they were published now. */
  readonly gaps: number;
  /** The number of missing events at the end: they can still be published in order. */
  readonly tail: number;
  /** The position of the first missing event at the end; null where there is none. */
  readonly tailFrom: number | null;
}

interface PartitionState extends LogRange {
  /** Positions whose record was not found in its place. */
  readonly missing: Set<number>;
  gaps: number;
  tail: number;
  tailFrom: number | null;
  last: number;
}

/** Upper limit on the listed findings of each kind. */
const DISPLAY_LIMIT = 20;
/** Upper limit on the missing events of a partition that are recognised if they follow late. */
const MAX_REMEMBERED = 100_000;

/** Makes an empty collection of findings. */
export const comparisonFindings = (ranges: ReadonlyArray<LogRange>) => {
  const partitions = byPartition(ranges.map(emptyPartition));
  const counts = { records: 0, repeated: 0, missing: 0, extra: 0, outOfOrder: 0, altered: 0 };
  const listed = listedFindings();
  const listedMissing = new Map<number, LogFinding>();

  const stateOf = (of: TopicPartition): PartitionState => {
    const found = partitions.get(of);
    if (found === undefined) throw new Error(`${partitionName(of)} is not compared`);
    return found;
  };
  const { add } = listed;

  return {
    /** The expected record is in its place. */
    notePresent: (of: TopicPartition, position: number): void => {
      counts.records += 1;
      const state = stateOf(of);
      state.gaps += state.tail;
      state.tail = 0;
      state.tailFrom = null;
      state.last = position;
    },
    /** A record of an event beyond the compared ones. */
    noteNew: (): void => {
      counts.records += 1;
    },
    noteRepeated: (): void => {
      counts.records += 1;
      counts.repeated += 1;
    },
    noteMissing: (of: TopicPartition, { id, position }: StoredEvent): void => {
      const state = stateOf(of);
      counts.missing += 1;
      state.tail += 1;
      state.tailFrom ??= position;
      if (state.missing.size < MAX_REMEMBERED) state.missing.add(position);
      if (listedMissing.size < DISPLAY_LIMIT) {
        const detail = state.last === 0 ? 'at the beginning of the partition' : `after position ${state.last}`;
        const { topic, partition } = of;
        listedMissing.set(position, { kind: 'missing', topic, partition, offset: null, id, position, detail });
      }
    },
    isMissing: (of: TopicPartition, position: number): boolean => stateOf(of).missing.has(position),
    /** An event that was counted as missing follows after later ones. */
    noteLate: (record: LogRecord, { id, position }: StoredEvent, nextOfKey: number | undefined): void => {
      const { topic, partition, offset } = record;
      const state = stateOf(record);
      counts.records += 1;
      counts.missing -= 1;
      counts.outOfOrder += 1;
      state.missing.delete(position);
      listedMissing.delete(position);
      if (state.tailFrom !== null && position >= state.tailFrom) state.tail -= 1;
      else state.gaps -= 1;
      const detail = describeLateness(state.last, nextOfKey);
      add({ kind: 'out of order', topic, partition, offset, id, position, detail });
    },
    noteExtra: ({ topic, partition, offset }: LogRecord, id: string | null, detail: string): void => {
      counts.records += 1;
      counts.extra += 1;
      add({ kind: 'extra', topic, partition, offset, id, position: null, detail });
    },
    noteAltered: ({ topic, partition, offset }: LogRecord, { id, position }: StoredEvent, detail: string): void => {
      counts.altered += 1;
      add({ kind: 'altered', topic, partition, offset, id, position, detail });
    },
    result: () => ({
      ...counts,
      partitions: partitions.values().map(toPartitionFindings),
      findings: [...listedMissing.values(), ...listed.all()],
    }),
  };
};

const toPartitionFindings = ({
  topic,
  partition,
  low,
  high,
  gaps,
  tail,
  tailFrom,
}: PartitionState): PartitionFindings => ({
  topic,
  partition,
  low,
  high,
  gaps,
  tail,
  tailFrom: tail === 0 ? null : tailFrom,
});

/** What a late event means for consumers; `nextOfKey` is the position of the next event of its stream. */
const describeLateness = (last: number, nextOfKey: number | undefined): string => {
  const isOfKey = nextOfKey !== undefined && nextOfKey <= last;
  return (
    `it comes after position ${last}` +
    (isOfKey ? ', and after later events of its own key' : '; its own key is in order') +
    ': consumers that keep a high-water mark drop it'
  );
};

const emptyPartition = (range: LogRange): PartitionState => ({
  ...range,
  missing: new Set(),
  gaps: 0,
  tail: 0,
  tailFrom: null,
  last: 0,
});

/** The first findings of each kind, except for missing events, which may still follow late. */
const listedFindings = () => {
  const byKind = new Map<LogFinding['kind'], LogFinding[]>();
  return {
    add: (finding: LogFinding): void => {
      const known = byKind.get(finding.kind) ?? [];
      if (known.length < DISPLAY_LIMIT) known.push(finding);
      byKind.set(finding.kind, known);
    },
    all: (): ReadonlyArray<LogFinding> => [...byKind.values()].flat(),
  };
};
