/** Every version that was ever written stays readable, step by step, and can be written again where nothing is lost. */
import * as E from 'fp-ts/Either';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { refusedPath } from '../../../infra/schemas/schema-check';
import { schemaOf } from '../../../infra/contracts/contract-lock';
import { decodeEvent } from '../../../domain/kernel/decode-event';
import { field } from '../../../domain/kernel/codec';
import { defineEvent, earlierVersion } from '../../../domain/kernel/event-definition';
import { Quantity } from '../../../domain/kernel/values';
import { downcast, upcast, versionsOf } from '../../../domain/kernel/event-versions';
import { readFixtures } from '../../../infra/contracts/contract-files';
import { spec } from '../../spec';
import { arbitraryOf, holds } from '../../domain/arbitraries';

const { catalog } = application;

const definitions = catalog.aggregates.flatMap(({ events }) => [...events.values()]);
const decode = decodeEvent(catalog);

const envelopeOf = (type: string, schemaVersion: number) => ({
  id: 'any-1@1',
  stream: 'any-1',
  version: 1,
  position: 1,
  type,
  schemaVersion,
  recordedAt: '2020-01-01T00:00:00.000Z',
  correlationId: 'c',
  causationId: 'r',
  actor: 'anonymous',
});

const frozen = <A>(value: A): A => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
};

spec('versions of events', ({ test }) => {
  test('the living examples are there: a field added, a field split in two, an event renamed', () => {
    const changed = definitions.filter(({ earlier }) => earlier.length > 0).map(({ type }) => type);
    assert.equal(changed, ['StockReceived', 'StockReservationReleased', 'PaymentAuthorised']);
  });

  const fixtures = readFixtures(application.contractsFolder ?? '');
  test('every version has a fixture', () => {
    const versions = definitions.flatMap(versionsOf).map(({ type, schemaVersion }) => `${type} ${schemaVersion}`);
    assert.equal(fixtures.map(({ type, schemaVersion }) => `${type} ${schemaVersion}`).sort(), [...versions].sort());
  });
  for (const { type, schemaVersion, payloads } of fixtures) {
    test(`the fixtures of ${type} version ${schemaVersion} decode`, () => {
      assert.ok(payloads.length > 0);
      for (const { data } of payloads) {
        const read = decode(envelopeOf(type, schemaVersion), data);
        if (E.isLeft(read)) throw new Error(read.left.reason);
        const definition = catalog.eventDefinition(type);
        assert.equal([read.right.type, read.right.schemaVersion], [definition?.type, definition?.schemaVersion]);
        assert.ok(definition?.codec.is(read.right.data));
      }
    });
  }

  for (const definition of definitions)
    for (const version of versionsOf(definition)) {
      const name = `${version.type} version ${version.schemaVersion}`;
      test(`${name} is upcast to the newest version whatever its values are, and its input is unchanged`, () =>
        holds(
          fc.property(arbitraryOf(version.codec), (value) => {
            const data = frozen(value);
            const once = upcast(definition, version.schemaVersion, data);
            const twice = upcast(definition, version.schemaVersion, data);
            if (E.isLeft(once)) throw new Error(once.left);
            assert.ok(definition.codec.is(once.right));
            assert.equal(once, twice);
          }),
          50,
        ));
      test(`${name} has a schema that agrees with its codec`, () =>
        holds(
          fc.property(arbitraryOf(version.codec), (value) => {
            assert.is(refusedPath(schemaOf(version), value), undefined);
          }),
          50,
        ));
      if (version.superseded?.downcast === undefined) continue;
      test(`${name} is what a downcast writes, and reads back as the same; nothing is written with loss`, () =>
        holds(
          fc.property(arbitraryOf(definition.codec), (value) => {
            const data = frozen(value);
            const older = downcast(definition, version.schemaVersion, data);
            if (older === undefined) return;
            assert.ok(version.codec.is(older));
            assert.equal(upcast(definition, version.schemaVersion, older), E.right(data));
          }),
          100,
        ));
    }

  test('a downcast that its version rejects, or that does not exist, writes nothing', () => {
    const fields = { count: field(Quantity, 'How many.') };
    const version = (schemaVersion: number, step?: (data: { readonly count: number }) => { readonly count: number }) =>
      earlierVersion({
        type: 'PageTurned',
        schemaVersion,
        since: '2020-01-01',
        deprecated: '2020-01-01',
        sunset: '2020-01-01',
        meaning: 'A page.',
        fields,
        next: fields,
        upcast: (data) => data,
        ...(step === undefined ? {} : { downcast: step }),
      });
    const turned = (first: Parameters<typeof version>[1], second: Parameters<typeof version>[1]) =>
      defineEvent('PageTurned', {
        owner: 'tests',
        since: '2026-01-01',
        schemaVersion: 3,
        meaning: 'x',
        fields,
        earlier: [version(1, first), version(2, second)],
      });
    const plusOne = ({ count }: { readonly count: number }) => ({ count: count + 1 });
    assert.equal(downcast(turned(plusOne, plusOne), 1, { count: 1 }), { count: 3 });
    assert.equal(downcast(turned(plusOne, plusOne), 2, { count: 1 }), { count: 2 });
    assert.is(
      downcast(
        turned(plusOne, () => ({ count: -1 })),
        1,
        { count: 1 },
      ),
      undefined,
    );
    assert.is(downcast(turned(plusOne, undefined), 1, { count: 1 }), undefined);
  });
  test('a renamed event is found by both names, and read under the current one', () => {
    const data = { sku: 'kettle', orderId: 'o1', quantity: 1, releasedAt: '2017-07-09T21:57:05Z' };
    const read = decode(envelopeOf('StockReleased', 1), data);
    assert.equal(read, E.right({ ...envelopeOf('StockReservationReleased', 2), data }));
    assert.is(catalog.eventDefinition('StockReleased'), catalog.eventDefinition('StockReservationReleased'));
  });
  test('a name and a version that do not belong together are reported', () => {
    const reasons = [
      decode(envelopeOf('StockReleased', 2), {}),
      decode(envelopeOf('StockReservationReleased', 1), {}),
      decode(envelopeOf('StockReceived', 0), {}),
      decode(envelopeOf('StockReceived', 3), {}),
    ].map((read) => (E.isLeft(read) ? read.left.reason : ''));
    assert.equal(reasons, [
      "schema version 2 is called 'StockReservationReleased', not 'StockReleased'",
      "schema version 1 is called 'StockReleased', not 'StockReservationReleased'",
      'StockReceived has no schema version 0; this program knows 1, 2',
      'StockReceived has schema version 3; this program knows up to 2',
    ]);
  });
  test('what an earlier version rejects is rejected, with the version and the path', () => {
    const read = decode(envelopeOf('StockReceived', 1), {
      sku: 'kettle',
      receiptId: 'r',
      receivedAt: '2017-07-09T21:57:05Z',
    });
    assert.ok(E.isLeft(read) && read.left._tag === 'MalformedEvent');
    assert.match(read.left.reason, /^as version 1: \/quantity: is missing/);
  });
  test('version 1 of PaymentAuthorised cannot express a prepaid card', () => {
    const definition = catalog.eventDefinition('PaymentAuthorised');
    assert.ok(definition);
    const data = {
      paymentId: 'p',
      orderId: 'o',
      currency: 'BRL',
      amount: 1,
      instalments: 1,
      authorisedAt: '2017-07-09T21:57:05Z',
    };
    assert.is(downcast(definition, 1, { ...data, instrument: 'card', funding: 'prepaid' }), undefined);
    assert.equal(downcast(definition, 1, { ...data, instrument: 'card', funding: 'debit' }), {
      ...data,
      method: 'debit-card',
    });
  });
});
