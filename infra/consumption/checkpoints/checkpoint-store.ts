/**
 * A consumer's progress, kept in the consumer's own file and moved in the same transaction as its effects. Two marks a
 * partition: the next offset in one very log, and the high-water position, which holds whatever log delivered the event.
 */
import { TakenOver } from '../../engine-fault';
import type { Database, Migration } from '../../sqlite/database';
import { isSamePartition, partitionName, type TopicPartition } from '../../topic-partition';

export interface Checkpoint extends TopicPartition {
  /** Which log the offset counts in; see LogTopic. */
  readonly logId: string;
  readonly nextOffset: number;
  /** Every event of this partition at or below this store position is applied. The duplicate check. */
  readonly highWaterPosition: number;
}

/** A move of one partition: from an offset (the compare) to another (the swap). */
export interface CheckpointMove extends Checkpoint {
  readonly fromLogId: string;
  readonly fromOffset: number;
}

/** Somebody else moved the checkpoint: this consumer is a zombie, and its batch must roll back. */
export class CheckpointMoved extends TakenOver {
  override readonly name = 'CheckpointMoved';
}

/** Add this step to the migrations of a consumer's file. `consumer` is a group's name, or a rebuild's id. */
export const checkpointMigration: Migration = {
  name: 'checkpoints',
  sql: `CREATE TABLE checkpoints (
          consumer TEXT NOT NULL,
          topic TEXT NOT NULL,
          "partition" INTEGER NOT NULL,
          log_id TEXT NOT NULL,
          next_offset INTEGER NOT NULL,
          high_water_position INTEGER NOT NULL,
          PRIMARY KEY (consumer, topic, "partition")
        ) STRICT, WITHOUT ROWID;`,
};

/** A high-water position of one partition. */
export type Mark = Pick<Checkpoint, 'topic' | 'partition' | 'highWaterPosition'>;

/** The checkpoint of a partition; undefined where there is none. */
export const checkpointAt = <At extends TopicPartition>(
  checkpoints: ReadonlyArray<At>,
  at: TopicPartition,
): At | undefined => checkpoints.find((each) => isSamePartition(each, at));

/** The high-water position of a partition; 0 where nothing of it was applied. */
export const highWaterAt = (checkpoints: ReadonlyArray<Mark>, place: TopicPartition): number =>
  checkpointAt(checkpoints, place)?.highWaterPosition ?? 0;

export interface Checkpoints {
  readonly read: (consumer: string) => ReadonlyArray<Checkpoint>;
  /** Sets the checkpoint of a partition that has none; does nothing where it has one. */
  readonly begin: (consumer: string, checkpoint: Checkpoint) => void;
  /** Compare-and-swap inside the caller's transaction. Throws {@link CheckpointMoved}. */
  readonly move: (consumer: string, move: CheckpointMove) => void;
  /** Raises the high-water positions that lie below these, and leaves the offsets where they are. */
  readonly raiseEach: (consumer: string, marks: ReadonlyArray<Mark>) => void;
  readonly remove: (consumer: string) => void;
}

/** Prepares the statements on a file that has {@link checkpointMigration}. */
export const checkpointsOf = (database: Database): Checkpoints => {
  const read = database.prepare<[string], Checkpoint>(
    `SELECT topic, "partition", log_id AS logId, next_offset AS nextOffset, high_water_position AS highWaterPosition
       FROM checkpoints WHERE consumer = ? ORDER BY topic, "partition"`,
  );
  const begin = database.prepare<[string, string, number, string, number, number]>(
    'INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const move = database.prepare<[string, number, number, string, string, number, string, number]>(
    `UPDATE checkpoints SET log_id = ?, next_offset = ?, high_water_position = max(high_water_position, ?)
      WHERE consumer = ? AND topic = ? AND "partition" = ? AND log_id = ? AND next_offset = ?`,
  );
  const raiseOne = database.prepare<[number, string, string, number]>(
    `UPDATE checkpoints SET high_water_position = max(high_water_position, ?)
      WHERE consumer = ? AND topic = ? AND "partition" = ?`,
  );
  const remove = database.prepare<[string]>('DELETE FROM checkpoints WHERE consumer = ?');
  return {
    read: (consumer) => read.all(consumer),
    begin: (consumer, at) =>
      void begin.run(consumer, at.topic, at.partition, at.logId, at.nextOffset, at.highWaterPosition),
    move: (consumer, to) => {
      const { changes } = move.run(
        to.logId,
        to.nextOffset,
        to.highWaterPosition,
        consumer,
        to.topic,
        to.partition,
        to.fromLogId,
        to.fromOffset,
      );
      if (changes === 1) return;
      throw new CheckpointMoved(
        `${consumer} no longer owns ${partitionName(to)}: its checkpoint is not at offset ${to.fromOffset}`,
      );
    },
    raiseEach: (consumer, marks) => {
      for (const { topic, partition, highWaterPosition } of marks)
        raiseOne.run(highWaterPosition, consumer, topic, partition);
    },
    remove: (consumer) => void remove.run(consumer),
  };
};
