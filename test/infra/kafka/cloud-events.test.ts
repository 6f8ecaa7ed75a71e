/** Events as CloudEvents: what goes in comes out in either mode, and what is wrong with a record is said by name. */
import * as E from 'fp-ts/Either';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { aggregateIdOf, categoryOf, eventId, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { cloudEventEncoder, destinationOf, readCloudEvent, type EncodedEvent } from '../../../infra/kafka/cloud-events';
import type { LogRecord } from '../../../infra/kafka/event-log';
import { partitionOf } from '../../../infra/kafka/murmur2';
import { recordHeaders, STRUCTURED_CONTENT_TYPE } from '../../../infra/kafka/record-headers';
import { holds } from '../../domain/arbitraries';
import { spec } from '../../spec';

const { catalog } = application;

const modes = ['structured', 'binary'] as const;
type Mode = (typeof modes)[number];

const encode = (mode: Mode): ((event: StoredEvent) => EncodedEvent) =>
  cloudEventEncoder({ catalog, mode, schemaBaseUrl: 'https://example.org/schemas', storeId: 'store-1' });

/** What a consumer gets of a record. */
const received = ({
  value,
  headers,
}: Pick<EncodedEvent, 'value' | 'headers'>): Pick<LogRecord, 'value' | 'headers'> => ({
  value: Buffer.from(value),
  headers: recordHeaders(headers),
});

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', ' ', '%', '100%25', '%zz', 'Zoë', '東京\u{1F680}', 'a\r\nb', '"\\"', '\u0000', '\u007f'),
);

const event: fc.Arbitrary<StoredEvent> = fc
  .record({
    stream: fc
      .tuple(fc.constantFrom('order', 'stock', 'payment'), fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/))
      .map(([category, id]) => `${category}-${id}`),
    version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    position: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    type: fc.constantFrom('OrderPlaced', 'StockReserved'),
    schemaVersion: fc.integer({ min: 1, max: 99 }),
    recordedAt: fc.integer({ min: 0, max: 4_102_444_800_000 }).map((timeMs) => new Date(timeMs).toISOString()),
    correlationId: text,
    causationId: text,
    actor: text,
    traceparent: fc.option(fc.constant('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'), { nil: undefined }),
    payload: fc.json(),
  })
  .map(({ traceparent, ...rest }) => ({
    ...rest,
    id: eventId(rest.stream, rest.version),
    ...(traceparent === undefined ? {} : { traceparent }),
  }));

const placed: StoredEvent = {
  id: 'order-o1@3',
  stream: 'order-o1',
  version: 3,
  position: 991,
  type: 'OrderPlaced',
  schemaVersion: 2,
  recordedAt: '2018-03-01T08:00:00.000Z',
  correlationId: 'c1',
  causationId: 'r1',
  actor: 'shop',
  payload: '{"amount": 12.50, "note":"é"}',
};

spec('an event as a record', ({ test }) => {
  for (const mode of modes) {
    test(`in ${mode} mode reads as it was written, whatever its texts and payload are`, () => {
      holds(
        fc.property(event, (stored) => {
          const { payload, ...envelope } = stored;
          const reading = readCloudEvent(received(encode(mode)(stored)));
          const { stream, type, version: streamVersion, schemaVersion } = envelope;
          const claims = {
            storeId: 'store-1',
            source: `/tidemark/store-1/${categoryOf(stream)}`,
            subject: aggregateIdOf(stream),
            streamVersion,
            dataSchema: `https://example.org/schemas/${type}/${schemaVersion}`,
          };
          assert.equal(reading, E.right({ envelope, data: JSON.parse(payload) as unknown, claims }));
        }),
        500,
      );
    });

    test(`in ${mode} mode has headers of printable ASCII`, () => {
      holds(
        fc.property(event, (stored) => {
          const texts = encode(mode)(stored).headers.flatMap((header) => Object.entries(header).flat());
          assert.ok(texts.every((each) => /^[\x21-\x7e]*$/.test(each)));
        }),
        200,
      );
    });

    test(`in ${mode} mode carries the payload's text as it was stored, never encoded again`, () => {
      assert.ok(encode(mode)(placed).value.includes(placed.payload));
    });
  }

  for (const mode of modes) {
    test(`in ${mode} mode is read whatever the case of its headers; of those with one name the last one counts`, () => {
      const { value, headers } = received(encode(mode)(placed));
      const shouted = headers.map(([name, bytes]) => [name.toUpperCase(), bytes] as const);
      const spoilt = headers.map(([name]) => [name, Buffer.from('something else')] as const);
      assert.equal(readCloudEvent({ value, headers: [...spoilt, ...shouted] }), readCloudEvent({ value, headers }));
      assert.ok(E.isLeft(readCloudEvent({ value, headers: [...shouted, ...spoilt] })));
    });
  }

  test('goes to the topic of its aggregate and the partition of its key, with the time that it was recorded', () => {
    const { topic, partition, key } = encode('structured')(placed);
    assert.equal([topic, partition, key], ['orders', partitionOf('o1', 4), 'o1']);
    assert.equal(destinationOf(catalog)('payment-o1-1'), {
      topic: 'payments',
      partition: partitionOf('o1-1', 4),
      key: 'o1-1',
    });
    assert.throws(() => destinationOf(catalog)('voucher-1'), /no aggregate has the category.*voucher-1/);
  });

  test('in structured mode is one JSON object beside one header', () => {
    const { value, headers } = encode('structured')(placed);
    assert.equal(headers, [{ 'content-type': STRUCTURED_CONTENT_TYPE }]);
    assert.equal(JSON.parse(value), {
      specversion: '1.0',
      id: 'order-o1@3',
      source: '/tidemark/store-1/order',
      type: 'OrderPlaced',
      subject: 'o1',
      time: placed.recordedAt,
      dataschema: 'https://example.org/schemas/OrderPlaced/2',
      datacontenttype: 'application/json',
      correlationid: 'c1',
      causationid: 'r1',
      actor: 'shop',
      storeid: 'store-1',
      streamversion: 3,
      position: 991,
      data: { amount: 12.5, note: 'é' },
    });
  });
});

type Damage = (record: Pick<LogRecord, 'value' | 'headers'>) => Pick<LogRecord, 'value' | 'headers'>;

const inValue =
  (change: (attributes: Record<string, unknown>) => void): Damage =>
  ({ value, headers }) => {
    const attributes = JSON.parse(String(value)) as Record<string, unknown>;
    change(attributes);
    return { value: Buffer.from(JSON.stringify(attributes)), headers };
  };

const inHeaders =
  (changes: Readonly<Record<string, string | undefined>>): Damage =>
  ({ value, headers }) => ({
    value,
    headers: [
      ...headers.filter(([name]) => !(name in changes)),
      ...Object.entries(changes).flatMap(([name, header]) =>
        header === undefined ? [] : [[name, Buffer.from(header)] as const],
      ),
    ],
  });

const withValue =
  (value: Buffer | string | null): Damage =>
  ({ headers }) => ({ value: typeof value === 'string' ? Buffer.from(value) : value, headers });

const FIVE_MEGABYTES = 5_000_000;

const damages: ReadonlyArray<readonly [string, Mode, Damage, RegExp]> = [
  ['a tombstone', 'structured', withValue(null), /no value \(a tombstone\)/],
  ['an empty value', 'structured', withValue(''), /the value is not JSON/],
  [
    'JSON cut off in the middle',
    'structured',
    ({ value, headers }) => ({ value: value?.subarray(0, 40) ?? null, headers }),
    /the value is not JSON: Unterminated/,
  ],
  ['JSON that is a list', 'structured', withValue('[]'), /JSON, but not an object/],
  ['JSON that is null', 'structured', withValue('null'), /JSON, but not an object/],
  ['bytes that are no text', 'structured', withValue(Buffer.from([0xff, 0x00, 0xfe])), /the value is not JSON/],
  ['5 MB of noise', 'structured', withValue('x'.repeat(FIVE_MEGABYTES)), /the value is not JSON/],
  ...['2024-01-01T00:00:00', '2024-02-30T00:00:00Z', 'noon', ''].map((time): (typeof damages)[number] => [
    `the time '${time}'`,
    'structured',
    inValue((attributes) => (attributes['time'] = time)),
    /attribute 'time' is ".*"; it takes a time with its zone/,
  ]),
  [
    'no headers at all',
    'structured',
    ({ value }) => ({ value, headers: [] }),
    /'content-type' is missing, and so is 'ce_specversion'/,
  ],
  [
    'another content type',
    'structured',
    inHeaders({ 'content-type': 'text/plain' }),
    /'content-type' is "text\/plain"/,
  ],
  [
    'a content type of 5 MB',
    'structured',
    inHeaders({ 'content-type': 'x'.repeat(FIVE_MEGABYTES) }),
    /content-type.*characters/,
  ],
  [
    'another specversion',
    'structured',
    inValue((each) => (each['specversion'] = '0.3')),
    /attribute 'specversion' is "0.3"; it takes '1.0'/,
  ],
  [
    'no id',
    'structured',
    inValue((each) => delete each['id']),
    /attribute 'id' is missing; it takes <stream>@<version>/,
  ],
  [
    'an id without a version',
    'structured',
    inValue((each) => (each['id'] = 'order-o1')),
    /attribute 'id' is "order-o1"/,
  ],
  [
    'an id of 5 MB',
    'structured',
    inValue((each) => (each['id'] = 'x'.repeat(FIVE_MEGABYTES))),
    /attribute 'id' is "xxx/,
  ],
  [
    'a version from before the first',
    'structured',
    inValue((each) => (each['id'] = 'order-o1@0')),
    /attribute 'id' is "order-o1@0"/,
  ],
  [
    'a type that is a number',
    'structured',
    inValue((each) => (each['type'] = 7)),
    /attribute 'type' is 7; it takes a text/,
  ],
  ['no actor', 'structured', inValue((each) => delete each['actor']), /attribute 'actor' is missing/],
  [
    'a position that is a text',
    'structured',
    inValue((each) => (each['position'] = '991')),
    /attribute 'position' is "991"; it takes an integer/,
  ],
  [
    'a schema without a version',
    'structured',
    inValue((each) => (each['dataschema'] = 'urn:x')),
    /attribute 'dataschema' is "urn:x"/,
  ],
  ['no data', 'structured', inValue((each) => delete each['data']), /attribute 'data' is missing/],
  ['a missing header', 'binary', inHeaders({ ce_id: undefined }), /header 'ce_id' is missing/],
  ['another specversion', 'binary', inHeaders({ ce_specversion: '2.0' }), /header 'ce_specversion' is "2.0"/],
  ['a bad id', 'binary', inHeaders({ ce_id: '@1' }), /header 'ce_id' is "@1"/],
  ['a position that is no number', 'binary', inHeaders({ ce_position: 'first' }), /header 'ce_position' is/],
  ['JSON cut off in the middle', 'binary', withValue('{"amount": 12'), /the value is not JSON/],
  ['a tombstone', 'binary', withValue(null), /no value \(a tombstone\)/],
];

spec('a record that is no event', ({ test }) => {
  for (const [what, mode, damage, message] of damages) {
    test(`is turned away by name: ${what} (${mode})`, () => {
      const reading = readCloudEvent(damage(received(encode(mode)(placed))));
      assert.ok(E.isLeft(reading), 'it was taken for an event');
      assert.match(reading.left, message);
      assert.ok(reading.left.length < 400, `the reason has ${reading.left.length} characters`);
    });
  }

  test('is not one that is merely large', () => {
    const large = { ...placed, payload: JSON.stringify({ note: 'x'.repeat(FIVE_MEGABYTES) }) };
    assert.ok(E.isRight(readCloudEvent(received(encode('structured')(large)))));
  });
});
