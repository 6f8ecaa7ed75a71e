/** Records posted to the writer thread arrive unchanged. */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { LogRecord } from '../../infra/kafka/event-log';
import { STRUCTURED_HEADERS } from '../../infra/kafka/record-headers';
import { packBatch, recordsIn, transferable, type PackedBatch } from '../../projections/engine/apply/packed-batch';
import { holds } from '../domain/arbitraries';
import { spec } from '../spec';
import { movesOf } from './views-fixture';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const headers = fc.oneof(
  fc.constant(STRUCTURED_HEADERS),
  fc.array(fc.tuple(fc.constantFrom('content-type', 'Content-Type', 'ce_id', 'trace', '', '__proto__'), bytes)),
);
const records: fc.Arbitrary<ReadonlyArray<LogRecord>> = fc
  .array(
    fc.record({
      topic: fc.constantFrom('orders', 'stock'),
      partition: fc.nat(2),
      key: fc.option(bytes),
      value: fc.option(bytes),
      headers,
      timestampMs: fc.nat(),
    }),
    { maxLength: 30 },
  )
  .map((all) => all.map((record, index) => ({ ...record, offset: 2 ** 40 + index })));

/** Sends a batch through a channel, as to the thread. */
const posted = (batch: PackedBatch): PackedBatch => {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(batch, [...transferable(batch)]);
  const message = receiveMessageOnPort(port2) as { readonly message: PackedBatch };
  port1.close();
  return message.message;
};

spec('a packed batch', ({ test }) => {
  test('holds every record byte for byte, across threads', () =>
    holds(
      fc.property(records, (all) => {
        const moves = movesOf(all);
        const unpacked: LogRecord[] = [];
        const batch = posted(packBatch({ records: all, moves }));
        for (const record of recordsIn(batch)) {
          const move = moves[batch.layout[unpacked.length * 3] ?? -1];
          assert.is(move?.topic, record.topic);
          assert.is(move?.partition, record.partition);
          const { topic, partition, offset, key, value, headers, timestampMs } = record;
          unpacked.push({ topic, partition, offset, key, value, headers, timestampMs });
        }
        assert.equal(unpacked, all);
      }),
      300,
    ));

  test('is transferred, not copied', () => {
    const value = Buffer.from('a value');
    const record = { topic: 'orders', partition: 0, offset: 0, key: null, value, headers: [], timestampMs: 0 };
    const batch = packBatch({ records: [record], moves: movesOf([record]) });
    posted(batch);
    assert.is(batch.bytes.byteLength, 0);
    assert.is(value.toString(), 'a value', "the record's own buffer stays");
  });
});
