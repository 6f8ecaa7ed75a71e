/** How many events the blocked partitions hold back: they are not published, though the cursor has gone past them. */
import { partitionMap, type TopicPartition } from '../../topic-partition';
import type { Database, Migration } from '../database';

/** Add this step to the migrations of the relay's file, behind that of the holes. */
export const heldEventsMigration: Migration = {
  name: 'held events',
  sql: `-- The event that stands in the way, and those behind it up to a position; what is read again is not counted again.
        ALTER TABLE relay_blocked ADD COLUMN events INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE relay_blocked ADD COLUMN counted_to INTEGER NOT NULL DEFAULT 0;`,
};

/** Counts in memory, so that an event that is passed over costs no write. */
export interface HeldEvents {
  /** The event at a position is passed over, for its partition is blocked. */
  readonly note: (place: TopicPartition, position: number) => void;
  /** What was noted since the last time that it was kept. */
  readonly noted: (place: TopicPartition) => number;
  /** Writes what was noted; runs in the caller's transaction, before a cursor is kept that has gone past. */
  readonly keep: () => void;
  /** The partition goes on, or is blocked by another event. */
  readonly forget: (place: TopicPartition) => void;
}

interface Count extends TopicPartition {
  events: number;
  countedTo: number;
}

/** Prepares the statements on a file that has {@link heldEventsMigration}. */
export const heldEvents = (database: Database): HeldEvents => {
  const counts = partitionMap<Count>();
  const countedTo = database
    .prepare<[string, number], number>(
      'SELECT max(position, counted_to) FROM relay_blocked WHERE topic = ? AND "partition" = ?',
    )
    .pluck();
  const add = database.prepare<[number, number, string, number]>(
    'UPDATE relay_blocked SET events = events + ?, counted_to = ? WHERE topic = ? AND "partition" = ?',
  );
  const countOf = ({ topic, partition }: TopicPartition): Count => {
    const known = counts.get({ topic, partition });
    if (known !== undefined) return known;
    const count = { topic, partition, events: 0, countedTo: countedTo.get(topic, partition) ?? 0 };
    counts.set(count, count);
    return count;
  };
  return {
    note: (place, position) => {
      const count = countOf(place);
      if (position <= count.countedTo) return;
      count.events += 1;
      count.countedTo = position;
    },
    noted: (place) => counts.get(place)?.events ?? 0,
    keep: () => {
      for (const count of counts.values()) {
        if (count.events > 0) add.run(count.events, count.countedTo, count.topic, count.partition);
        count.events = 0;
      }
    },
    forget: counts.delete,
  };
};
