/** A store's id: born with the file, kept through all that copies it, and another one for another history. */
import { copyFileSync, renameSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setImmediate as nextTick } from 'node:timers/promises';
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { cloudEventEncoder } from '../../../infra/kafka/cloud-events';
import { openDatabase } from '../../../infra/sqlite/database';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { importEvents, ImportRefused } from '../../../infra/archive/import-events';
import type { StoreIdentity } from '../../../infra/event-store/event-feed';
import { storeMigrations } from '../../../infra/sqlite/store-migrations';
import { spec } from '../../spec';
import { newFile, openStore, withStore } from './store-fixture';
import { ownClock } from '../../support/test-clock';

const { catalog } = application;

const identityOf = (file: string): StoreIdentity => {
  const reader = openEventReader(file);
  try {
    return reader.identity;
  } finally {
    reader.close();
  }
};

const append = async (file: string, stream: string): Promise<void> =>
  withStore({ file }, async (store) => {
    const appended = await store.append({
      streams: [{ stream, expectedVersion: 'any', events: [{ type: 'StockReceived', schemaVersion: 1, data: {} }] }],
      metadata: { correlationId: 'c', causationId: 'd', actor: 'tester' },
    })();
    assert.ok(E.isRight(appended));
  });

const exported = (file: string): ReadonlyArray<string> => {
  const reader = openEventReader(file);
  try {
    const { storeId } = reader.identity;
    const encode = cloudEventEncoder({ catalog, mode: 'structured', schemaBaseUrl: 'urn:test', storeId });
    return reader.readAll({ afterPosition: 0, limit: 100 }).map((event) => encode(event).value);
  } finally {
    reader.close();
  }
};

const imported = async (lines: ReadonlyArray<string>, keepStoreId: boolean): Promise<string> => {
  const file = newFile();
  await importEvents({
    file,
    lines: Readable.from(lines) as AsyncIterable<string>,
    clock: ownClock,
    leaseTtlMs: 3_000,
    keepStoreId,
    onProgress: () => undefined,
    check: { acceptIncomplete: true, allowUnknown: true, unknownOf: () => undefined },
  });
  return file;
};

spec("a store's id", ({ test }) => {
  test('is given once, and another one to each store', async () => {
    const [file, other] = [newFile(), newFile()];
    const store = await openStore({ file });
    const { storeId } = store.identity;
    assert.match(storeId, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    await store.close();
    await append(file, 'stock-a');
    assert.equal(identityOf(file), { storeId, unnamedUntilPosition: 0, requestFloor: 0 });
    await append(other, 'stock-a');
    assert.is.not(identityOf(other).storeId, storeId);
  });

  test('is given to a store that existed before, whose records so far name none', async () => {
    const file = newFile();
    await append(file, 'stock-a');
    await append(file, 'stock-b');
    // As an earlier program left it.
    const database = openDatabase({ file, synchronous: 'FULL', migrations: storeMigrations });
    database.exec('DROP TABLE store_identity; DROP TABLE store_histories');
    database.pragma(`user_version = ${storeMigrations.findIndex(({ name }) => name === 'store identity')}`);
    database.close();
    assert.throws(() => openEventReader(file), /start this version's writer/);
    await append(file, 'stock-c');
    assert.is(identityOf(file).unnamedUntilPosition, 2);
  });

  test('stays with a copy of the file, for that is how a backup is put back', async () => {
    const [file, copy] = [newFile(), newFile()];
    await append(file, 'stock-a');
    copyFileSync(file, copy);
    assert.equal(identityOf(copy), identityOf(file));
  });

  test('is another one after an import, for the original may go on; the installation that moves keeps it', async () => {
    const file = newFile();
    await append(file, 'stock-a');
    const { storeId } = identityOf(file);
    const lines = exported(file);
    assert.is((JSON.parse(lines[0] ?? '') as { storeid: string }).storeid, storeId);
    const copy = await imported(lines, false);
    assert.is.not(identityOf(copy).storeId, storeId);
    const moved = await imported(lines, true);
    assert.is(identityOf(moved).storeId, storeId);
  });

  test('can be kept only where the file names one store', async () => {
    const lines = ['stock-a', 'stock-b'].map(
      (stream, index) =>
        cloudEventEncoder({ catalog, mode: 'structured', schemaBaseUrl: 'urn:test', storeId: `store-${index}` })({
          ...{ id: `${stream}@1`, stream, version: 1, position: index + 1, type: 'StockReceived', schemaVersion: 1 },
          ...{
            recordedAt: '2018-01-01T00:00:00.000Z',
            correlationId: 'c',
            causationId: 'd',
            actor: 'a',
            payload: '{}',
          },
        }).value,
    );
    const refusal = await imported(lines, true).catch((error: unknown) => error);
    assert.instance(refusal, ImportRefused);
    assert.match((refusal as Error).message, /--keep-store-id: the lines name 2 stores/);
    const unnamed = lines.slice(0, 1).map((line) => line.replace(/"storeid":"store-0",/, ''));
    assert.match(((await imported(unnamed, true).catch((error: unknown) => error)) as Error).message, /name no store/);
  });

  test('is held by readers: a copy put in its place is read, another store is not', async () => {
    const file = newFile();
    await append(file, 'stock-a');
    const other = newFile();
    await append(other, 'stock-b');
    const copy = newFile();
    copyFileSync(file, copy);
    await append(copy, 'stock-c');
    const reader = openEventReader(file);
    try {
      assert.is(reader.lastPosition(), 1);
      renameSync(copy, file);
      await nextTick();
      assert.is(reader.lastPosition(), 2);
      renameSync(other, file);
      await nextTick();
      assert.throws(() => reader.readAll({ afterPosition: 0, limit: 1 }), /was replaced by another store/);
    } finally {
      reader.close();
    }
  });
});
