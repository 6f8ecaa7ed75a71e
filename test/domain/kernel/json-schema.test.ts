import * as t from 'io-ts';
import * as assert from 'uvu/assert';
import { catalog } from '../../../domain/catalog';
import { field, optionalField, record } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import { Amount, Instant, listOf, oneOf } from '../../../domain/kernel/values';
import { spec } from '../../spec';

const strict = { additionalProperties: false };

spec('JSON Schema from codecs', ({ test }) => {
  test('a record lists its fields with their meanings, and which must be there', () => {
    const inner = record('Inner', { amount: field(Amount, 'In minor units.') });
    const outer = record('Outer', {
      at: field(Instant, 'When.'),
      colour: optionalField(oneOf({ red: null, blue: null }), 'Which.'),
      parts: field(listOf(inner), 'The parts.'),
    });
    assert.equal(jsonSchemaOf(outer, strict), {
      type: 'object',
      properties: {
        at: { ...Instant.schema, description: 'When.' },
        colour: { type: 'string', enum: ['red', 'blue'], description: 'Which.' },
        parts: {
          type: 'array',
          items: {
            type: 'object',
            properties: { amount: { ...Amount.schema, description: 'In minor units.' } },
            required: ['amount'],
            additionalProperties: false,
          },
          description: 'The parts.',
        },
      },
      required: ['at', 'parts'],
      additionalProperties: false,
    });
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
  test('a codec that it does not know is an error that names it, wherever it stands', () => {
    assert.throws(() => jsonSchemaOf(t.UnknownRecord, strict), /UnknownRecord/);
    assert.throws(() => jsonSchemaOf(record('R', { any: field(t.unknown, 'Anything.') }), strict), /unknown/);
  });
  test('it knows every codec of the catalog, and loses no field', () => {
    for (const { events, commands } of catalog.aggregates)
      for (const { codec } of [...events.values(), ...commands.values()]) {
        const schema = jsonSchemaOf(codec, strict);
        assert.equal(Object.keys(schema['properties'] as object), Object.keys(codec.fields));
      }
  });
});
