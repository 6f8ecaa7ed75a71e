/** Events are measured when they are appended, as the records that they become. */
import * as assert from 'uvu/assert';
import { application } from '../../projections/fulfilment/application';
import type { EventStore } from '../../domain/kernel/event-store';
import { cloudEventEncoder } from '../../infra/kafka/cloud-events';
import { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
import { isSurelySmall, MAX_EVENT_RECORD_BYTES, recordBytesOf } from '../../infra/record-limit';
import { spec } from '../spec';
import { apiFixture, order } from '../api/api-fixture';
import { newFile, openStore } from './sqlite/store-fixture';
import { ownClock } from '../support/test-clock';

const { catalog } = application;

const metadata = { correlationId: 'c', causationId: 'r', actor: 'ann' };

const append = (store: EventStore, text: string, stream = 'note-1') =>
  store.append({
    streams: [{ stream, expectedVersion: 'any', events: [{ type: 'NoteTaken', schemaVersion: 1, data: { text } }] }],
    metadata,
  })();

/** The largest text that is taken. */
const fitting = (store: number, characterBytes: number): number => Math.floor((store - 6_000) / characterBytes);

spec('an event that no record can hold', ({ test }) => {
  for (const name of ['SQLite', 'memory'] as const) {
    test(`is refused by the store in ${name} before anything is written, with its size and the limit`, async () => {
      const sqlite = name === 'SQLite' ? await openStore({ file: newFile() }) : undefined;
      const store = sqlite ?? inMemoryEventStore({ clock: ownClock });
      // Measured in bytes: a character may take three.
      for (const character of ['x', 'é', '€']) {
        const bytes = Buffer.byteLength(character);
        const fits = fitting(MAX_EVENT_RECORD_BYTES, bytes);
        assert.is((await append(store, character.repeat(fits)))._tag, 'Right', `${fits} of ${character}`);
        const refused = await append(store, character.repeat(fits + Math.ceil(6_000 / bytes)), 'note-2');
        if (refused._tag === 'Right') throw new Error('it was taken');
        const failure = refused.left;
        assert.is(failure._tag, 'EventTooLarge');
        assert.ok(failure._tag === 'EventTooLarge' && failure.sizeBytes > failure.limitBytes);
      }
      const last = await store.lastPosition()();
      assert.equal(last, { _tag: 'Right', right: 3 });
      await sqlite?.close();
    });
  }

  test('is answered with 413, whatever the limit of the body is, and nothing is stored', async () => {
    const { post, get } = apiFixture({ bodyLimitBytes: 2_000_000 });
    const line = { quantity: 1, unitPrice: 1e11, freight: 1e11 };
    const lines = Array.from({ length: 5_000 }, (_, index) => ({ ...line, sku: `sku-${index}-`.padEnd(128, 'x') }));
    const { status, body, text } = await post('/orders/huge/place', { ...order, lines });
    assert.is(status, 413, text.slice(0, 300));
    assert.is(body['type'], '/problems/event-too-large');
    assert.is(body['limitBytes'], MAX_EVENT_RECORD_BYTES);
    assert.is((await get('/streams/order-huge')).status, 404);
  });

  test('is measured as no smaller than the record is, in either mode, with the worst of attributes', () => {
    const hostile = '"\\é€\u{1f600}'.repeat(10);
    const stream = `order-${'é'.repeat(50)}`;
    const payload = JSON.stringify({ text: 'x"\\'.repeat(1_000) });
    const wild = { correlationId: hostile, causationId: hostile, actor: hostile, traceparent: 'a'.repeat(55) };
    for (const mode of ['structured', 'binary'] as const) {
      const record = cloudEventEncoder({
        catalog,
        mode,
        storeId: '7'.repeat(36),
        schemaBaseUrl: 'https://schemas.example.org/of/an/installation',
      })({
        id: `${stream}@1234567`,
        stream,
        version: 1_234_567,
        position: Number.MAX_SAFE_INTEGER,
        type: 'OrderPlaced',
        schemaVersion: 1,
        recordedAt: '2026-01-01T00:00:00.000Z',
        payload,
        ...wild,
      });
      const headers = record.headers.flatMap((header) => Object.entries(header).flat());
      const bytes = [record.value, record.key, ...headers].reduce((sum, part) => sum + Buffer.byteLength(part), 0);
      const measured = recordBytesOf({ stream, type: 'OrderPlaced', payload }, wild);
      assert.ok(bytes <= measured, `${mode}: ${bytes} bytes, measured as ${measured}`);
      assert.is(
        isSurelySmall({ stream, type: 'OrderPlaced', payload }, wild, measured),
        false,
        'never less than measured',
      );
    }
  });
});
