/** The writer thread: its results, its errors, and how it ends. */
import { existsSync } from 'node:fs';
import { shippedApplicationFile } from '../../api/program/application';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { OutcomeCounts } from '../../infra/consumption/status/status';
import { noCounts } from '../../infra/consumption/status/outcome-counts';
import { application } from '../../projections/fulfilment/application';
import { CheckpointMoved } from '../../infra/consumption/checkpoints/checkpoint';
import { openDatabase, type Database } from '../../infra/sqlite/database';
import { LeaseLost } from '../../infra/sqlite/lease';
import { packBatch, transferable } from '../../projections/engine/apply/packed-batch';
import { TransientEventError } from '../../infra/consumption/intake/failures';
import {
  postedError,
  registeredErrors,
  revivedError,
  type PostedError,
  type RegisteredName,
} from '../../projections/engine/writer-thread/posted-errors';
import { viewsMigrations } from '../../projections/engine/generations/schema';
import {
  startViewsWorker,
  type ViewsWorker,
  type ViewsWorkerOptions,
} from '../../projections/engine/writer-thread/client';
import { EngineFault } from '../../infra/engine-fault';
import { holds } from '../domain/arbitraries';
import { spec } from '../spec';
import { eventually } from '../support/server';
import { countsOf, fillStore, LOG_ID, logOf, movesOf, rowsOf, storedOf, temporaryFolder } from './views-fixture';
import { NamedStorageFault, storageFaultKind } from '../../infra/storage-fault';

const { catalog, projections } = application;

const STORE = join(temporaryFolder(), 'store.sqlite');
const DEFINITIONS = shippedApplicationFile;

const optionsFor = (viewsFile: string): ViewsWorkerOptions => ({
  viewsFile,
  storeFile: STORE,
  leaseTtlMs: 600,
  applicationFile: DEFINITIONS,
  topics: Object.fromEntries(
    catalog.aggregates.map(({ category, topic }) => [category, { ...topic, name: `p-${topic.name}` }]),
  ),
  projections: projections.map(({ name, version }) => ({ name, version })),
  onWaiting: () => undefined,
});

const started = (viewsFile: string, options: Partial<ViewsWorkerOptions> = {}): ViewsWorker =>
  startViewsWorker({ ...optionsFor(viewsFile), ...options });

const newFile = (): string => join(temporaryFolder(), 'views.sqlite');

const rejection = async (promise: Promise<unknown>): Promise<Error> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected a rejection');
};

/** Another connection that writes, which no other process should do. */
const intruder = (file: string): Database => openDatabase({ file, synchronous: 'NORMAL', migrations: viewsMigrations });

const received = storedOf([
  ['stock-a', 'StockReceived', { sku: 'a', receiptId: 'r1', quantity: 3, receivedAt: '2018-02-01T00:00:00Z' }],
]);
const records = logOf(received).map((record) => ({ ...record, topic: `p-${record.topic}` }));

const begun = async (worker: ViewsWorker): Promise<void> => {
  await worker.opened;
  await worker.client.prepare({});
  const checkpoints = movesOf(records).map(({ topic, partition }) => ({
    topic,
    partition,
    logId: LOG_ID,
    nextOffset: 0,
    highWaterPosition: 0,
  }));
  await worker.client.begin({ consumer: 'stock-level', checkpoints });
};

const apply = async (worker: ViewsWorker): Promise<OutcomeCounts> => {
  const batch = packBatch({ records, moves: movesOf(records) });
  return countsOf(await worker.client.apply({ projection: 'stock-level', batch }, transferable(batch)));
};

spec('the writer thread', ({ test, before }) => {
  before(() => fillStore(STORE, received));

  test('applies batches, with the topics of the running program, and checkpoints its file at the end', async () => {
    const file = newFile();
    const worker = started(file);
    await begun(worker);
    assert.equal(await apply(worker), { ...noCounts(), applied: 1 });
    await worker.close();
    await worker.done;
    assert.not.ok(existsSync(`${file}-wal`));
    const database = intruder(file);
    assert.equal(rowsOf(database, 'stock-level'), [{ sku: 'a', onHand: 3, reserved: 0, available: 3, version: 1 }]);
    database.close();
  });

  test("rejects a zombie's batch with an error of its class, and goes on", async () => {
    const worker = started(newFile());
    await begun(worker);
    await apply(worker);
    assert.instance(await rejection(apply(worker)), CheckpointMoved);
    assert.is((await worker.client.checkpoints({ consumer: 'stock-level' })).length, 1);
    await worker.close();
  });

  test('keeps the error code of SQLite', async () => {
    const file = newFile();
    const worker = started(file);
    await begun(worker);
    const database = intruder(file);
    // A fault of the database is not the fault of an event.
    database.exec('ALTER TABLE "stock-level#1" RENAME TO elsewhere');
    const error = await rejection(apply(worker));
    assert.is((error as NodeJS.ErrnoException).code, 'SQLITE_ERROR');
    assert.is(storageFaultKind(error), 'failed');
    assert.match(error.message, /no such table/);
    database.exec('ALTER TABLE elsewhere RENAME TO "stock-level#1"');
    database.close();
    assert.is((await apply(worker)).applied, 1, 'the batch had not happened, and goes through now');
    await worker.close();
  });

  test('waits for another process that holds the lease of the file, reports its owner, and takes over', async () => {
    const file = newFile();
    const first = started(file);
    await first.opened;
    const waitedFor: string[] = [];
    const second = started(file, { onWaiting: (owner) => void waitedFor.push(owner) });
    await eventually('the second one says what it waits for', async () => Promise.resolve(waitedFor.length === 1));
    assert.match((await rejection(second.client.prepare({}))).message, /not open yet/);
    assert.match(waitedFor[0] ?? '', new RegExp(`:${process.pid}:`));
    await first.close();
    await second.opened;
    await second.client.prepare({});
    await second.close();
  });

  test('gives up waiting when it is closed', async () => {
    const file = newFile();
    const first = started(file);
    await first.opened;
    const told = new Promise<void>((resolve) => {
      const second = started(file, {
        onWaiting: () => {
          void second.close().then(resolve);
        },
      });
    });
    await told;
    await first.close();
  });

  test('rejects open calls when another process takes the lease of the file', async () => {
    const file = newFile();
    const worker = started(file);
    await begun(worker);
    const database = intruder(file);
    database.prepare('UPDATE lease SET epoch = epoch + 1').run();
    assert.instance(await rejection(apply(worker)), LeaseLost);
    assert.instance(await rejection(worker.done), LeaseLost);
    assert.instance(await rejection(apply(worker)), LeaseLost);
    assert.equal(rowsOf(database, 'stock-level'), []);
    database.close();
    await worker.close();
  });

  const refusals: ReadonlyArray<readonly [string, Partial<ViewsWorkerOptions>, RegExp]> = [
    ['definitions that are not there', { applicationFile: '/nowhere/definitions.js' }, /nowhere\/definitions/],
    [
      'definitions other than those of the program',
      { projections: [{ name: 'order-summary', version: 7 }] },
      /the program has order-summary 7/,
    ],
  ];
  for (const [what, options, message] of refusals) {
    test(`refuses ${what}`, async () => {
      const worker = started(newFile(), options);
      assert.match((await rejection(worker.opened)).message, message);
      assert.match((await rejection(worker.done)).message, message);
      assert.match((await rejection(worker.client.prepare({}))).message, message);
      await worker.close();
    });
  }

  test('refuses a file of a newer program with its name', async () => {
    const file = newFile();
    const newer = [...viewsMigrations, { name: 'to come', sql: 'CREATE TABLE to_come (id INTEGER)' }];
    openDatabase({ file, synchronous: 'NORMAL', migrations: newer }).close();
    const worker = started(file);
    assert.is((await rejection(worker.done)).name, 'SchemaTooNew');
    await worker.close();
  });

  test('rejects every call once it is closed', async () => {
    const worker = started(newFile());
    await worker.opened;
    await worker.close();
    await worker.close();
    assert.match((await rejection(worker.client.prepare({}))).message, /was closed/);
  });
});

spec('an error between threads', ({ test }) => {
  test('keeps name, message and code', () => {
    const busy = Object.assign(new Error('database is locked'), { name: 'SqliteError', code: 'SQLITE_BUSY' });
    const { name, message, code } = revivedError(postedError(busy)) as NodeJS.ErrnoException;
    assert.equal([name, message, code], ['SqliteError', 'database is locked', 'SQLITE_BUSY']);
    assert.match(revivedError(postedError('a text')).message, /not an error was thrown: 'a text'/);
    assert.instance(revivedError(postedError(new TransientEventError('away'))), TransientEventError);
  });

  const words = {
    name: fc.string(),
    message: fc.string(),
    stack: fc.string(),
    code: fc.option(fc.string(), { nil: undefined }),
  };
  const kinds = ['busy', 'full', 'io', 'refused', 'failed'] as const;
  const registered = fc
    .record({
      ...words,
      registered: fc.constantFrom(...(Object.keys(registeredErrors) as ReadonlyArray<RegisteredName>)),
      storage: fc.constantFrom(...kinds),
    })
    .map((posted): PostedError => ({
      ...posted,
      storage: posted.registered === 'StorageFault' ? posted.storage : undefined,
    }));

  test('is the same one after the way there, whatever its class, and its class is the registered one', () =>
    holds(
      fc.property(registered, (posted) => {
        const revived = revivedError(posted);
        assert.ok(registeredErrors[posted.registered ?? 'EngineFault'].isOne(revived), posted.registered);
        assert.equal(postedError(revived), posted);
      }),
      300,
    ));

  test('is blamed on no event where it is a fault of the engine, also where its class is not registered', () => {
    class Unregistered extends EngineFault {
      override readonly name = 'Unregistered';
    }
    const revived = revivedError(postedError(new Unregistered('a fault')));
    assert.instance(revived, EngineFault);
    assert.equal([revived.name, revived.message], ['Unregistered', 'a fault']);
  });

  test('keeps the kind of a storage fault', () => {
    for (const kind of ['busy', 'full', 'io', 'refused', 'failed'] as const) {
      const revived = revivedError(postedError(new NamedStorageFault(kind, 'not now')));
      assert.is(storageFaultKind(revived), kind);
      assert.equal([revived.name, revived.message], ['StorageFault', 'not now']);
    }
    assert.is(storageFaultKind(revivedError(postedError(new Error('something else')))), undefined);
  });
});
