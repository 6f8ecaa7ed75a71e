/** Random bodies and payloads generated from the codecs, from pools small enough for conflicts. */
import fc from 'fast-check';
import * as t from 'io-ts';
import { ConstrainedType, RecordType, type AnyField, type Fields } from '../../domain/kernel/codec';

/** The seed of every property, so that a failure is reproducible; fast-check prints it with the counterexample. */
export const SEED = 20170709;

/** Checks a property with the fixed seed. */
export const holds = (property: fc.IRawProperty<unknown>, numRuns: number): void =>
  void fc.assert(property, { seed: SEED, numRuns });

const instant = fc
  .integer({ min: Date.parse('2016-01-01T00:00:00Z'), max: Date.parse('2018-12-31T23:59:59Z') })
  .chain((timeMs) => {
    const text = new Date(timeMs).toISOString();
    return fc.constantFrom(text, `${text.slice(0, 19)}Z`);
  });

const ofSchema = (schema: Readonly<Record<string, unknown>>): fc.Arbitrary<unknown> => {
  if (schema['format'] === 'date-time') return instant;
  if (schema['type'] === 'integer')
    return fc.integer({ min: Number(schema['minimum']), max: Math.min(Number(schema['maximum']), 2 ** 31 - 1) });
  if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern']));
  return fc.string({ minLength: 1, maxLength: 500 });
};

const ofField = ({ codec, required }: AnyField): fc.Arbitrary<unknown> =>
  required ? arbitraryOf(codec) : fc.option(arbitraryOf(codec), { nil: undefined });

/** Values that the codec accepts, generated from its declaration. */
export const arbitraryOf = (codec: t.Mixed): fc.Arbitrary<unknown> => {
  if (codec instanceof ConstrainedType) return ofSchema(codec.schema);
  if (codec instanceof RecordType) {
    const fields = Object.entries((codec as RecordType<Fields>).fields);
    return fc
      .record(Object.fromEntries(fields.map(([name, each]) => [name, ofField(each)])))
      .map((value) => Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)));
  }
  if (codec instanceof t.ReadonlyArrayType) return fc.array(arbitraryOf(codec.type as t.Mixed), { maxLength: 4 });
  if (codec instanceof t.KeyofType) return fc.constantFrom(...Object.keys(codec.keys as object));
  if (codec instanceof t.BooleanType) return fc.boolean();
  throw new Error(`no values are known for the codec '${codec.name}'`);
};

const time = fc.constantFrom(
  '2017-07-01T00:00:00Z',
  '2017-07-02T00:00:00Z',
  '2017-07-02T00:00:00.000Z',
  '2017-07-03T00:00:00Z',
);
const orderId = fc.constantFrom('o1', 'o2', 'o3', 'constructor');
const few = fc.integer({ min: 1, max: 3 });
const currency = fc.constantFrom('BRL', 'EUR');
const reason = fc.constantFrom('this', 'that');
const line = fc.record({ sku: fc.constantFrom('a', 'b'), quantity: few, unitPrice: few, freight: few });
const payment = { orderId: fc.constantFrom('o1', 'o2'), amount: fc.integer({ min: 0, max: 3 }), currency };

/** Command bodies from pools small enough that repeats and conflicts are frequent. */
const crowdedBodies: Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<unknown>>>>> = {
  order: {
    place: fc.record({
      customerId: fc.constantFrom('c1', 'c2'),
      currency: fc.constant('BRL'),
      placedAt: time,
      lines: fc.array(line, { maxLength: 1 }),
    }),
    confirm: fc.record({ confirmedAt: time }),
    'hand-to-carrier': fc.record({ handedOverAt: time }),
    deliver: fc.record({ deliveredAt: time }),
    cancel: fc.record({ reason, cancelledAt: time, unlessConfirmed: fc.boolean() }),
    'declare-unavailable': fc.record({ reason, declaredAt: time }),
  },
  stock: {
    receive: fc.record({ receiptId: fc.constantFrom('r1', 'r2', 'r3'), quantity: few, receivedAt: time }),
    reserve: fc.record({ orderId, quantity: few, reservedAt: time }),
    release: fc.record({ orderId, releasedAt: time }),
    dispatch: fc.record({ orderId, dispatchedAt: time }),
  },
  payment: {
    authorise: fc.record({
      ...payment,
      method: fc.constantFrom('boleto', 'voucher'),
      instalments: few,
      authorisedAt: time,
    }),
    decline: fc.record({ ...payment, reason, declinedAt: time }),
    capture: fc.record({ capturedAt: time }),
    refund: fc.record(
      { refundId: fc.constantFrom('f1', 'f2', 'f3'), amount: fc.integer({ min: 0, max: 3 }), refundedAt: time },
      { requiredKeys: ['refundId', 'refundedAt'] },
    ),
  },
};

/** A generated command. */
export interface RandomCommand {
  readonly type: string;
  readonly body: unknown;
}

/** Commands that end an order or payment are rare, or few would get far. */
const SELDOM: ReadonlySet<string> = new Set(['cancel', 'declare-unavailable']);

/** Random commands of an aggregate, often in conflict. */
export const crowdedCommands = (category: string): fc.Arbitrary<ReadonlyArray<RandomCommand>> => {
  const commands = Object.entries(crowdedBodies[category] ?? {}).map(([type, body]) => ({
    arbitrary: body.map((each): RandomCommand => ({ type, body: each })),
    weight: SELDOM.has(type) ? 1 : 6,
  }));
  return fc.array(fc.oneof(...commands), { maxLength: 40, size: 'max' });
};
