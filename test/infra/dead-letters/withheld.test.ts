/** Records whose payload an operator has withheld: the group reads it from the store, or quarantines the stream. */
import * as assert from 'uvu/assert';
import { cloudEventEncoder, readCloudEvent } from '../../../infra/kafka/cloud-events';
import type { LogRecord } from '../../../infra/kafka/event-log';
import { recordHeaders } from '../../../infra/kafka/record-headers';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { STORE_ID } from '../../projections/views-fixture';
import { spec } from '../../spec';
import { failureWorld, noteRecord } from './failure-world';
import { newRelease, storedNotes } from './notes';

/** The record that the relay publishes instead of the event. */
const placeholder = (event: StoredEvent, offset: number, mode: 'structured' | 'binary'): LogRecord => {
  const encode = cloudEventEncoder({
    catalog: newRelease,
    mode,
    schemaBaseUrl: 'urn:test',
    storeId: STORE_ID,
    withheldReason: () => 'too large, 100 %',
  });
  const { value, headers } = encode(event);
  return { ...noteRecord(event, offset), value: Buffer.from(value), headers: recordHeaders(headers) };
};

spec('a withheld event', ({ test }) => {
  const stored = storedNotes([{ stream: 'note-a' }, { stream: 'note-b' }, { stream: 'note-a' }]);

  for (const mode of ['structured', 'binary'] as const) {
    test(`keeps its identity and its place in ${mode} mode, without its payload, and says why`, () => {
      const [event] = stored;
      if (event === undefined) throw new Error('a story has events');
      const received = readCloudEvent(placeholder(event, 0, mode));
      if (received._tag === 'Left') throw new Error(received.left);
      const { envelope, data, withheld } = received.right;
      assert.is(envelope.id, event.id);
      assert.is(envelope.position, event.position);
      assert.is(data, null);
      assert.is(withheld, 'too large, 100 %');
    });

    test(`is applied once and in order, with the payload of the store, from a placeholder in ${mode} mode`, () => {
      const world = failureWorld(stored);
      const process = world.start();
      const records = stored.map((event, offset) =>
        offset === 0 ? placeholder(event, offset, mode) : noteRecord(event, offset),
      );
      const byPartition = [0, 1].map((partition) => records.filter((record) => record.partition === partition));
      for (const own of byPartition) {
        process.deliver(own.map((record, offset) => ({ ...record, offset })));
      }
      assert.equal([...world.diary()].sort(), ['note-a@1', 'note-a@2', 'note-b@1']);
      assert.is(world.waiting(), 0);
      world.close();
    });
  }

  test('is dead-lettered with the reason where the store does not have it', () => {
    const [event] = stored;
    if (event === undefined) throw new Error('a story has events');
    const world = failureWorld([]);
    const outcome = world.start().deliver([{ ...placeholder(event, 0, 'structured') }]);
    assert.is(outcome.malformed, 1);
    const [letter] = world.reader.list({}, { before: 1_000, limit: 9 });
    assert.match(letter?.reason ?? '', /the payload is withheld from the log \(too large, 100 %\)/);
    world.close();
  });
});
