/** Checkpoints as rows: compare-and-swap on the offset, and high-water positions that only increase. */
import { CheckpointMoved, type Checkpoint, type Checkpoints } from '../../consumption/checkpoints/checkpoints';
import { partitionName } from '../../topic-partition';
import type { Database, Migration } from '../database';

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
    advanceHighWater: (consumer, marks) => {
      for (const { topic, partition, highWaterPosition } of marks)
        raiseOne.run(highWaterPosition, consumer, topic, partition);
    },
    remove: (consumer) => void remove.run(consumer),
  };
};
