import * as t from 'io-ts';
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { field, optionalField, orNull, record } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import {
  Amount,
  EXACT_INSTANT_PATTERN,
  Instant,
  Integer,
  listOf,
  MAX_LIST_ITEMS,
  oneOf,
  wordOf,
} from '../../../domain/kernel/values';
import { spec } from '../../spec';

const { catalog } = application;

const strict = { additionalProperties: false };

spec('JSON Schema from codecs', ({ test }) => {
  test('a record lists its fields with their meanings, and which are required', () => {
    const inner = record('Inner', { amount: field(Amount, 'In minor units.') });
    const outer = record('Outer', {
      at: field(Instant, 'When.'),
      colour: optionalField(oneOf({ red: null, blue: null }), 'Which.'),
      parts: field(listOf(inner), 'The parts.'),
    });
    assert.equal(jsonSchemaOf(outer, strict), {
      type: 'object',
      properties: {
        at: { ...Instant.inputSchema, description: 'When.' },
        colour: { type: 'string', enum: ['red', 'blue'], description: 'Which.' },
        parts: {
          type: 'array',
          items: {
            type: 'object',
            properties: { amount: { ...Amount.schema, description: 'In minor units.' } },
            required: ['amount'],
            additionalProperties: false,
          },
          maxItems: MAX_LIST_ITEMS,
          description: 'The parts.',
        },
      },
      required: ['at', 'parts'],
      additionalProperties: false,
    });
  });
  test('limits of requests are only in the schema of requests', () => {
    const list = record('List', { at: field(Instant, 'When.'), parts: field(listOf(Amount, 7, 1), 'Some.') });
    const properties = (additionalProperties: boolean): Readonly<Record<string, object>> =>
      jsonSchemaOf(list, { additionalProperties })['properties'] as Readonly<Record<string, object>>;
    assert.equal(properties(false)['parts'], {
      type: 'array',
      items: Amount.schema,
      minItems: 1,
      maxItems: 7,
      description: 'Some.',
    });
    assert.equal(properties(true)['parts'], { type: 'array', items: Amount.schema, description: 'Some.' });
    assert.equal(properties(true)['at'], { ...Instant.schema, description: 'When.' });
  });

  test('the schema of an instant accepts exactly the texts that the codec accepts', () => {
    const pattern = new RegExp(EXACT_INSTANT_PATTERN);
    for (const year of ['0000', '1900', '2000', '2023', '2024', '2100', '9996']) {
      for (const month of ['00', '01', '02', '04', '09', '11', '12', '13']) {
        for (const day of ['00', '01', '28', '29', '30', '31', '32']) {
          const text = `${year}-${month}-${day}T23:59:59Z`;
          assert.is(pattern.test(text), Instant.is(text), text);
        }
      }
    }
    for (const time of ['24:00:00', '23:60:00', '23:59:60', '00:00:00.', '00:00:00.1', '00:00:00.1234', '0:00:00']) {
      const text = `2024-02-29T${time}Z`;
      assert.is(pattern.test(text), Instant.is(text), text);
    }
  });

  test('undeclared fields are forbidden or tolerated at every level', () => {
    const nested = record('Outer', { parts: field(t.array(record('Inner', {})), 'The parts.') });
    assert.equal(jsonSchemaOf(nested, { additionalProperties: true }), {
      type: 'object',
      properties: {
        parts: {
          type: 'array',
          items: { type: 'object', properties: {}, required: [], additionalProperties: true },
          description: 'The parts.',
        },
      },
      required: ['parts'],
      additionalProperties: true,
    });
  });
  test('plain codecs have their plain schemas', () => {
    assert.equal(jsonSchemaOf(t.string, strict), { type: 'string' });
    assert.equal(jsonSchemaOf(t.number, strict), { type: 'number' });
    assert.equal(jsonSchemaOf(t.boolean, strict), { type: 'boolean' });
    assert.equal(jsonSchemaOf(t.literal('yes'), strict), { const: 'yes' });
    assert.equal(jsonSchemaOf(t.union([t.string, t.number]), strict), {
      anyOf: [{ type: 'string' }, { type: 'number' }],
    });
  });
  test('an unknown codec is an error that names it, however deeply nested', () => {
    assert.throws(() => jsonSchemaOf(t.UnknownRecord, strict), /UnknownRecord/);
    assert.throws(() => jsonSchemaOf(record('R', { any: field(t.unknown, 'Anything.') }), strict), /unknown/);
  });
  test('null is added as a type where there is one, and otherwise as a branch', () => {
    assert.equal(jsonSchemaOf(orNull(t.string), strict), { type: ['string', 'null'] });
    assert.equal(jsonSchemaOf(orNull(wordOf(['yes', 'no'])), strict), {
      type: ['string', 'null'],
      enum: ['yes', 'no', null],
    });
    const object = jsonSchemaOf(record('R', {}), strict);
    assert.equal(jsonSchemaOf(orNull(record('R', {})), strict), { anyOf: [{ type: 'null' }, object] });
  });
  test('responses say nothing about further fields, and may hold what is known at run time only', () => {
    assert.equal(jsonSchemaOf(record('R', { any: field(t.unknown, 'Anything.') }), {}), {
      type: 'object',
      properties: { any: { description: 'Anything.' } },
      required: ['any'],
    });
    assert.equal(jsonSchemaOf(t.UnknownRecord, {}), { type: 'object' });
    assert.equal(jsonSchemaOf(t.record(t.string, Integer), {}), {
      type: 'object',
      additionalProperties: { type: 'integer' },
    });
    assert.throws(() => jsonSchemaOf(t.record(t.string, Integer), { additionalProperties: true }), /no JSON Schema/);
  });
  test('it knows every codec of the catalog, and loses no field', () => {
    for (const { events, commands } of catalog.aggregates)
      for (const { codec } of [...events.values(), ...commands.values()]) {
        const schema = jsonSchemaOf(codec, strict);
        assert.equal(Object.keys(schema['properties'] as object), Object.keys(codec.fields));
      }
  });
});
