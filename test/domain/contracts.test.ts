/** Every contract of the catalog is documented, well named, and accepts exactly what it declares. */
import * as E from 'fp-ts/Either';
import fc from 'fast-check';
import * as t from 'io-ts';
import * as assert from 'uvu/assert';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { application } from '../../projections/fulfilment/application';
import { catalogOf } from '../../domain/kernel/aggregate';
import { RecordType, type AnyField, type AnyRecord, type Fields } from '../../domain/kernel/codec';
import { versionsOf } from '../../domain/kernel/event-versions';
import { explain } from '../../domain/kernel/explain';
import { Amount, Currency, Instant } from '../../domain/kernel/values';
import { spec } from '../spec';
import { arbitraryOf, holds } from './arbitraries';

const { catalog, processManagers } = application;

interface Contract {
  readonly type: string;
  readonly meaning: string;
  readonly codec: AnyRecord;
}

const events = catalog.aggregates.flatMap(({ events: each }) => [...each.values()]);
const commands = catalog.aggregates.flatMap(({ commands: each }) => [...each.values()]);
/** Every version of every event, since all of them stay readable, and every command. */
const contracts: ReadonlyArray<Contract> = [
  ...events.flatMap(versionsOf).map((each) => ({ ...each, type: `${each.type} version ${each.schemaVersion}` })),
  ...commands,
];

/** Every field of a record and of the records inside it, under its path. */
const fieldsOf = (fields: Fields, path: string): ReadonlyArray<readonly [path: string, field: AnyField]> =>
  Object.entries(fields).flatMap(([name, each]) => {
    const inner = each.codec instanceof t.ReadonlyArrayType ? (each.codec.type as t.Mixed) : each.codec;
    const below = inner instanceof RecordType ? fieldsOf((inner as RecordType<Fields>).fields, `${path}.${name}`) : [];
    return [[`${path}.${name}`, each] as const, ...below];
  });

const everyField = contracts.flatMap(({ type, codec }) => fieldsOf(codec.fields, type));

const CRUD_WORDS = /Created|Updated|Deleted|Changed|Modified|Added|Removed|Inserted|Saved|Stored|Set$/;

/** Values that no field of any contract accepts. */
const JUNK: ReadonlyArray<unknown> = [null, true, -1, 1.5, '', Number.NaN, { nonsense: 1 }, ['nonsense']];

spec('contracts: documentation', ({ test }) => {
  test('the catalog has the expected contracts', () => {
    assert.is(events.length, 14);
    assert.is(commands.length, 14);
    assert.ok(everyField.length > 100);
  });
  test('every contract and every field has a meaning in full sentences', () => {
    for (const { type, meaning } of contracts) assert.match(meaning, /^[A-Z].{20,}\.$/, type);
    for (const [path, { meaning }] of everyField) assert.match(meaning, /^[A-Z].{5,}\.$/, path);
  });
  test('amounts name their unit, currencies their standard, times their zone', () => {
    for (const [path, { codec, meaning }] of everyField) {
      if (codec === Amount) assert.match(meaning, /minor units/, path);
      if (codec === Currency) assert.match(meaning, /ISO 4217/, path);
      if (codec === Instant) assert.match(meaning, /business time, UTC/, path);
    }
  });
  test('events are business facts in the past tense, never database operations', () => {
    for (const { category, events: each } of catalog.aggregates)
      for (const type of each.keys()) {
        const [noun, ...words] = type.split(/(?=[A-Z])/);
        assert.is(noun?.toLowerCase(), category);
        assert.ok(
          words.some((word) => word.endsWith('ed')),
          `${type} states what has happened`,
        );
        assert.not.match(type, CRUD_WORDS);
      }
  });
  test('commands are imperatives in kebab case, never database operations', () => {
    for (const { type } of commands) {
      assert.match(type, /^[a-z]+(-[a-z]+)*$/);
      assert.not.match(type, /^(create|update|delete|change|modify|add|remove|insert|save|set)\b/);
    }
  });
  test('every event counts its versions from 1, names its aggregate, and carries its business time', () => {
    for (const { type, schemaVersion, earlier, codec } of events) {
      assert.equal(
        [...earlier.map((each) => each.schemaVersion), schemaVersion],
        Array.from({ length: schemaVersion }, (_, index) => index + 1),
        type,
      );
      assert.ok(
        ['orderId', 'sku', 'paymentId'].some((id) => id in codec.fields),
        type,
      );
      assert.ok(
        Object.keys(codec.fields).some((name) => name.endsWith('At') && name !== 'placedAt') || type === 'OrderPlaced',
        type,
      );
    }
  });
  test('every topic says what its key is and why', () => {
    for (const { topic } of catalog.aggregates) {
      assert.is(topic.partitions, 4);
      assert.is(topic.retention, 'forever');
      const { because, concurrency, skew } = topic.key;
      assert.match(because, /\border\b/i);
      assert.match(concurrency, /partitions/);
      assert.match(skew, /expected|real/);
    }
  });
});

spec('contracts: codecs', ({ test }) => {
  test('every example is a body of its command', () => {
    for (const { type, codec, example } of commands) assert.equal(codec.decode(example), E.right(example), type);
  });
  for (const { type, codec } of contracts) {
    test(`${type} survives a round trip through JSON, without undeclared fields`, () =>
      holds(
        fc.property(arbitraryOf(codec), (value) => {
          assert.ok(codec.is(value));
          const read: unknown = JSON.parse(JSON.stringify(value));
          assert.equal(codec.decode(read), E.right(value));
          assert.equal(codec.decode({ ...(read as object), undeclared: 1 }), E.right(value));
        }),
        50,
      ));
    test(`${type} rejects junk in any field, and names the field`, () =>
      holds(
        fc.property(arbitraryOf(codec), fc.constantFrom(...Object.entries(codec.fields)), (value, [name, each]) => {
          const without = Object.fromEntries(Object.entries(value as object).filter(([key]) => key !== name));
          assert.is(E.isLeft(codec.decode(without)), each.required);
          for (const junk of JUNK.filter((candidate) => candidate !== true || !(each.codec instanceof t.BooleanType))) {
            const decoded = codec.decode({ ...without, [name]: junk });
            assert.not(codec.is({ ...without, [name]: junk }));
            if (E.isRight(decoded)) throw new Error(`${type}.${name} takes ${JSON.stringify(junk)}`);
            for (const { path } of explain(decoded.left))
              assert.ok(path === `/${name}` || path.startsWith(`/${name}/`), path);
          }
        }),
        30,
      ));
  }
  test('a value that is not an object is not a payload', () => {
    for (const { codec } of contracts)
      for (const junk of [...JUNK.filter((each) => each !== JUNK[6]), [], 7, 'text', undefined])
        assert.ok(E.isLeft(codec.decode(junk)));
  });
});

spec('catalog', ({ test }) => {
  test('aggregates are found by category and topic, contracts by name', () => {
    assert.equal(
      catalog.aggregates.map(({ category, path, topic }) => [category, path, topic.name]),
      [
        ['order', 'orders', 'orders'],
        ['stock', 'stock', 'stock'],
        ['payment', 'payments', 'payments'],
      ],
    );
    assert.is(catalog.byCategory('stock')?.category, 'stock');
    assert.is(catalog.byTopic('payments')?.category, 'payment');
    assert.is(catalog.eventDefinition('OrderPlaced')?.type, 'OrderPlaced');
    assert.is(catalog.eventDefinition('OrderForgotten'), undefined);
  });
  test('a prefix is added to every topic and nothing else', () => {
    const prefixed = withTopicPrefix(catalog, 'blue.');
    assert.equal(
      prefixed.aggregates.map(({ topic }) => topic.name),
      ['blue.orders', 'blue.stock', 'blue.payments'],
    );
    assert.is(prefixed.byTopic('blue.orders')?.category, 'order');
    assert.is(prefixed.byTopic('orders'), undefined);
    assert.is(prefixed.byCategory('order')?.path, 'orders');
    assert.is(catalog.byTopic('orders')?.category, 'order');
  });
  test('no name may be declared twice', () =>
    assert.throws(() => catalogOf([...catalog.aggregates, ...catalog.aggregates.slice(0, 1)]), /'order' twice/));
  test('every event that a process manager handles is in the catalog', () => {
    for (const { handles } of processManagers)
      for (const definition of handles) assert.is(catalog.eventDefinition(definition.type), definition);
  });
});
