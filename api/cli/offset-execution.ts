/** Moves offsets: through the role that owns them if it runs, else directly in its file. */
import { userInfo } from 'node:os';
import type { Clock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import {
  CheckpointMoved,
  moveOffsets,
  type OffsetOrder,
  type OffsetRequestStatus,
} from '../../infra/consumption/checkpoints/checkpoints';
import { consumerFile, readOffsetMovesIn } from '../../infra/sqlite/consumer-file/consumer-file';
import { closeLeased, openUnusedDatabase, type LeasedDatabase } from '../../infra/sqlite/leased-database';
import { reactorsMigrations } from '../../infra/sqlite/process-store/process-store';
import { viewsMigrations } from '../../projections/engine/generations/generations';
import type { Application } from '../../projections/application';
import { dataFiles } from '../program/data-files';
import { request } from './server-client';
import { partitionName } from '../../infra/topic-partition';

const POLL_MS = 200;
const DISPLAY_LIMIT = 100;

/** Returns the exit status: 0 if the offsets were moved. */
export const execute = async (
  { projections }: Application,
  configuration: Configuration,
  order: OffsetOrder,
  clock: Clock,
  print: (line: string) => void,
): Promise<number> => {
  const files = dataFiles(configuration.dataDirectory);
  const isProjection = projections.some(({ name }) => name === order.group);
  const file = isProjection ? files.views : files.reactors;
  const opened = await tryOpen(configuration, file, isProjection ? viewsMigrations : reactorsMigrations, clock);
  if (opened === undefined) {
    if (isProjection) return askRole(configuration, order, clock, print);
    print(`the reactors are running: stop that role first (serve --roles reactors), then move ${order.group}`);
    return 1;
  }
  try {
    const { checkpoints, noteOffsetMove, write } = consumerFile(opened, clock);
    const actor = `${userInfo().username} on the command line`;
    write(() => moveOffsets(checkpoints, noteOffsetMove, order, actor));
    print(`moved while the role was stopped, and recorded: ${order.moves.length} partitions of ${order.group}`);
    return 0;
  } catch (error) {
    if (!(error instanceof CheckpointMoved)) throw error;
    print(`${error.message}; nothing was moved: check the offsets and try again`);
    return 1;
  } finally {
    closeLeased(opened);
  }
};

/** Opens the file as its only writer; undefined while the role holds its lease. */
const tryOpen = async (
  { leaseTtlMs }: Configuration,
  file: string,
  migrations: typeof viewsMigrations,
  clock: Clock,
): Promise<LeasedDatabase | undefined> => {
  const isRunning = new Error('the role runs');
  const options = { file, synchronous: 'NORMAL', migrations, clock, ttlMs: leaseTtlMs } as const;
  return openUnusedDatabase(options, () => isRunning).catch((error: unknown) => {
    if (error === isRunning) return undefined;
    throw error;
  });
};

const askRole = async (
  configuration: Configuration,
  { group, moves }: OffsetOrder,
  clock: Clock,
  print: (line: string) => void,
): Promise<number> => {
  const path = `/ops/groups/${encodeURIComponent(group)}/offsets`;
  const { id } = (await request(configuration, 'POST', path, { moves })) as OffsetRequestStatus;
  for (;;) {
    const status = (await request(configuration, 'GET', `/ops/offset-moves/${id}`)) as OffsetRequestStatus;
    if (status.state !== 'requested') {
      const sentence = `moved while the group was stopped, and recorded: ${moves.length} partitions of ${group}`;
      print(status.state === 'done' ? sentence : (status.reason ?? 'it was not moved'));
      return status.state === 'done' ? 0 : 1;
    }
    await clock.sleep(POLL_MS);
  }
};

/** The manual offset moves, newest first. */
export const historyLines = ({ dataDirectory }: Configuration, json: boolean): ReadonlyArray<string> => {
  const { views, reactors } = dataFiles(dataDirectory);
  const moves = [views, reactors].flatMap((file) => readOffsetMovesIn(file, DISPLAY_LIMIT));
  if (json) return moves.map((move) => JSON.stringify(move));
  if (moves.length === 0) return ['no offset has been moved manually'];
  return moves.map(
    ({ movedAt, actor, group, topic, partition, fromOffset, toOffset }) =>
      `${movedAt} ${actor}: ${group} ${partitionName({ topic, partition })} ${fromOffset} -> ${toOffset}`,
  );
};
