/** One rebuild at a time, run over operations in the same thread. */
import { application } from '../../projections/fulfilment/application';
import type { Catalog } from '../../domain/kernel/aggregate';
import type { EventLog } from '../../infra/kafka/event-log';
import { silentLogger, type Logger } from '../../infra/logger';
import { topicsOf } from '../../projections/engine/definitions/projection-topics';
import { type OpenRebuild } from '../../projections/engine/generations/rebuild-ledger';
import { rebuildReader } from '../../projections/engine/generations/rebuild-status';
import { runRebuild } from '../../projections/engine/rebuild/run';
import type { RebuildEnd } from '../../projections/engine/rebuild/task';
import type { ViewsClient } from '../../projections/engine/writer-thread/client';
import type { Projection } from '../../projections/projection';
import { memoryLog } from './memory-log';
import type { Views } from './views-fixture';
import { ownClock } from '../support/test-clock';

/** What a test does differently from the role. */
export interface RunOptions {
  readonly log?: EventLog;
  readonly client?: ViewsClient;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
  readonly isOtherVersion?: boolean;
  readonly catalog?: Catalog;
  readonly pausedWhile?: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** Runs the requested rebuild. */
export const run = async (
  views: Views,
  projection: Projection,
  rebuild: OpenRebuild,
  options: RunOptions = {},
): Promise<RebuildEnd> =>
  runRebuild(
    {
      client: options.client ?? views.client,
      log: options.log ?? memoryLog({ records: [] }),
      clock: ownClock,
      logger: options.logger ?? silentLogger,
    },
    {
      rebuild,
      isOtherVersion: options.isOtherVersion ?? false,
      topics: topicsOf(options.catalog ?? application.catalog, projection).map(({ name }) => name),
      signal: options.signal ?? new AbortController().signal,
      pausedWhile: options.pausedWhile ?? ((work) => work()),
    },
  );

/** A request as the API writes it. */
export const request = (id: number, projection: string, from: 'kafka' | 'store') => ({
  id,
  kind: 'rebuild' as const,
  body: JSON.stringify({ projection, from }),
  requestedAt: '2018-03-01T12:30:45.678Z',
  actor: 'tester',
});

/** A decision about rebuilds as the API writes it. */
export const control = (id: number, body: object) => ({
  ...request(id, '', 'store'),
  kind: 'rebuild-control' as const,
  body: JSON.stringify(body),
});

/** Picks up requests, and returns every open rebuild. */
export const openRebuilds = async ({ operations }: Views): Promise<ReadonlyArray<OpenRebuild>> => {
  await operations.takeRebuildRequests({});
  return operations.openRebuilds({});
};

/** The requested rebuild. */
export const asked = async (views: Views): Promise<OpenRebuild> => {
  const [rebuild] = await openRebuilds(views);
  if (rebuild === undefined) throw new Error('no rebuild is open');
  return rebuild;
};

/** The status of a rebuild. */
export const statusOf = ({ database }: Views, id: number) => {
  const status = rebuildReader(database).find(id);
  if (status === undefined) throw new Error(`there is no rebuild ${id}`);
  return status;
};
