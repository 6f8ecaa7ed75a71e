/**
 * A process that writes the views' file, as far as one process can hold several: a connection, a lease and the operations of
 * its own. It may be killed at any point of a transaction, and never answers again then.
 */
import { feedOf } from '../../../support/reader-feed';
import type { StoredEvent } from '../../../../domain/kernel/recorded-event';
import type { Clock } from '../../../../infra/clock';
import type { OperationRequest } from '../../../../infra/commands/operation-requests';
import type { Database } from '../../../../infra/sqlite/database';
import { openLeasedDatabase } from '../../../../infra/sqlite/leased-database';
import type { ViewsOperations } from '../../../../projections/engine/writer-thread/operations';
import { viewsMigrations } from '../../../../projections/engine/generations/schema';
import { viewsFile } from '../../../../projections/engine/store/views-file';
import { viewsClient, type ViewsClient } from '../../../../projections/engine/writer-thread/client';
import { viewsWriter } from '../../../../projections/engine/writer-thread/group-operations';
import type { Catalog } from '../../../../domain/kernel/aggregate';
import type { Projection } from '../../../../projections/projection';
import { storeOf } from '../../../projections/views-fixture';
import { NamedStorageFault } from '../../../../infra/storage-fault';

/** Where a process may die, and the operation in which it does. */
export const crashPoints = {
  'before a batch': { during: 'apply', when: 'before' },
  'between effect and offset': { during: 'apply', when: 'BEFORE UPDATE ON checkpoints' },
  'between offset and commit': { during: 'apply', when: 'AFTER UPDATE ON checkpoints' },
  'after the commit': { during: 'apply', when: 'after' },
  'between effect and letter': { during: 'redriveStep', when: 'BEFORE UPDATE ON dead_letters' },
  'in a queue': { during: 'redriveStep', when: 'BEFORE DELETE ON parked_events' },
  'at the end of a queue': { during: 'redriveStep', when: 'BEFORE DELETE ON quarantined_keys' },
  'after a step': { during: 'redriveStep', when: 'after' },
} as const;
export type CrashPoint = keyof typeof crashPoints;

export interface ViewsProcessOptions {
  readonly file: string;
  readonly catalog: Catalog;
  readonly projection: Projection;
  readonly stored: ReadonlyArray<StoredEvent>;
  readonly requests: ReadonlyArray<OperationRequest>;
  readonly clock: Clock;
  readonly leaseTtlMs: number;
}

export interface ViewsProcess {
  readonly database: Database;
  readonly projection: Projection;
  readonly catalog: Catalog;
  readonly client: ViewsClient;
  /** It dies when it comes to this point the next time, if it does in its next operation of that name. */
  readonly crashAt: (point: CrashPoint) => void;
  /** So many of the next batches find the file busy. */
  readonly busyFor: (batches: number) => void;
  readonly crash: () => void;
  /** Resolves when it has died. */
  readonly crashed: Promise<void>;
  readonly isAlive: () => boolean;
  readonly close: () => Promise<void>;
}

const KILLED = 'killed by the schedule';

/** Starts it; the lease has to be free, or run out. */
export const startViewsProcess = async (options: ViewsProcessOptions): Promise<ViewsProcess> => {
  const { file, catalog, projection, stored, requests, clock, leaseTtlMs } = options;
  const leased = await openLeasedDatabase({
    file,
    synchronous: 'NORMAL',
    migrations: viewsMigrations,
    clock,
    ttlMs: leaseTtlMs,
    // Every write finds out by itself.
    onLost: () => undefined,
  });
  const { database } = leased;
  // Processes are killed here, the machine is not: nobody has to wait for its disk.
  database.pragma('synchronous = OFF');
  const openStore = async () => Promise.resolve(feedOf(storeOf(stored, requests)));
  const views = viewsFile(leased, [projection], clock);
  const operations = viewsWriter({ file: views, catalog, projections: [projection], clock, openStore });
  await operations.prepare({});
  const noAnswer = new Promise<never>(() => undefined);
  let isAlive = true;
  const isKilled = (): boolean => !isAlive;
  let nextCrash: CrashPoint | undefined;
  let busyBatches = 0;
  let onCrash: () => void = () => undefined;
  const crashed = new Promise<void>((resolve) => (onCrash = resolve));
  const crash = (): void => {
    isAlive = false;
    database.close();
    onCrash();
  };

  /** Undefined where the process dies of it. */
  const run = async (
    name: keyof ViewsOperations,
    work: () => unknown,
  ): Promise<{ readonly output: unknown } | undefined> => {
    const point = nextCrash === undefined ? undefined : crashPoints[nextCrash];
    if (point?.during !== name) return { output: await work() };
    nextCrash = undefined;
    if (point.when === 'after') await work();
    else if (point.when !== 'before') {
      const answer = await runWithTrigger(database, point.when, work);
      if (answer !== undefined) return answer;
    }
    crash();
    return undefined;
  };

  return {
    database,
    projection,
    catalog,
    client: viewsClient(async (name, input) => {
      if (!isAlive) return noAnswer;
      if (name === 'apply' && busyBatches > 0) {
        busyBatches -= 1;
        throw new NamedStorageFault('busy', 'database is locked');
      }
      // As over the thread's boundary: every input goes to the operation of its name, and its output comes back.
      try {
        const answer = await run(name, () => operations[name](input as never));
        return answer === undefined ? await noAnswer : (answer.output as never);
      } catch (error) {
        // A process that was killed meanwhile answers nothing.
        if (isKilled()) return noAnswer;
        throw error;
      }
    }),
    crashAt: (point) => {
      nextCrash = point;
    },
    busyFor: (batches) => {
      busyBatches = batches;
    },
    crash,
    crashed,
    isAlive: () => isAlive,
    close: async () => {
      isAlive = false;
      await operations.close({});
    },
  };
};

/** Undefined where the trigger has struck; the transaction is rolled back then. */
const runWithTrigger = async (
  database: Database,
  when: string,
  work: () => unknown,
): Promise<{ readonly output: unknown } | undefined> => {
  database.exec(`CREATE TEMP TRIGGER killing ${when} BEGIN SELECT RAISE(ABORT, '${KILLED}'); END`);
  try {
    return { output: await work() };
  } catch (error) {
    if (error instanceof Error && error.message === KILLED) return undefined;
    throw error;
  } finally {
    database.exec('DROP TRIGGER killing');
  }
};
