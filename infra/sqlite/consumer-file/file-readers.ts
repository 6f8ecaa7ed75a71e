/** What can be asked of a consumer's file by its path, whether or not a role runs on it, or has ever made it. */
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

/** The checkpoints of every group that has said how it stands. */
export const readGroupCheckpoints = (file: string): ReadonlyArray<Checkpoint & { readonly group: string }> =>
  readFile(file, (database) => {
    const checkpoints = checkpointsOf(database);
    return groupStatusReader(database)().flatMap(({ group }) =>
      checkpoints.read(group).map((checkpoint) => ({ group, ...checkpoint })),
    );
  });

/** Every move that was made by hand, newest first. */
export const readOffsetMovesIn = (file: string, limit: number): ReadonlyArray<NotedOffsetMove> =>
  readFile(file, (database) => readOffsetMoves(database, limit));
