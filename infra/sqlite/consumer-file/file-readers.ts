/** Queries on a consumer's file by its path, whether or not its role is running, or has created it at all. */
import { existsSync } from 'node:fs';
import type { Checkpoint, NotedOffsetMove } from '../../consumption/checkpoints/checkpoints';
import { openForReading, type Database } from '../database';
import { checkpointsOf } from './checkpoints';
import { groupStatusReader } from './group-status';
import { readOffsetMoves } from './offset-moves';

const readFile = <Item>(file: string, read: (database: Database) => ReadonlyArray<Item>): ReadonlyArray<Item> => {
  if (!existsSync(file)) return [];
  const database = openForReading(file);
  try {
    return read(database);
  } finally {
    database.close();
  }
};

/** The checkpoints of every group that has written a status. */
export const readGroupCheckpoints = (file: string): ReadonlyArray<Checkpoint & { readonly group: string }> =>
  readFile(file, (database) => {
    const checkpoints = checkpointsOf(database);
    return groupStatusReader(database)().flatMap(({ group }) =>
      checkpoints.read(group).map((checkpoint) => ({ group, ...checkpoint })),
    );
  });

/** The moves of offsets by operators, newest first. */
export const readOffsetMovesIn = (file: string, limit: number): ReadonlyArray<NotedOffsetMove> =>
  readFile(file, (database) => readOffsetMoves(database, limit));
