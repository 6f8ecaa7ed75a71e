/** Where a schema refuses a value: the gate shows the path to people, and looks for the smallest value that has one. */
import * as assert from 'uvu/assert';
import { refusedPath } from '../../../infra/schemas/schema-check';
import { valuesOf } from '../../../infra/schemas/schema-values';
import { spec } from '../../spec';

const text = { type: 'string', minLength: 1 };
const object = (properties: object, required: ReadonlyArray<string> = []) => ({ type: 'object', properties, required });

spec('a schema', ({ test }) => {
  test('takes what fits, with fields that it does not name and without those that may be left out', () => {
    const schema = object({ id: text, note: text }, ['id']);
    for (const value of [{ id: 'a' }, { id: 'a', note: undefined }, { id: 'a', note: 'b', more: 1 }])
      assert.is(refusedPath(schema, value), undefined);
  });

  test('refuses at the path of the value that is at fault', () => {
    const line = object({ sku: text, quantity: { type: 'integer', minimum: 1, maximum: 9 } }, ['sku', 'quantity']);
    const schema = object({ id: text, lines: { type: 'array', items: line } }, ['id', 'lines']);
    const good = { sku: 'a', quantity: 1 };
    const cases: ReadonlyArray<readonly [unknown, string]> = [
      [undefined, '/'],
      ['text', '/'],
      [[], '/'],
      [{ lines: [] }, '/id'],
      [{ id: '', lines: [] }, '/id'],
      [{ id: 'a', lines: {} }, '/lines'],
      [{ id: 'a', lines: [good, { sku: 'a' }] }, '/lines/1/quantity'],
      [{ id: 'a', lines: [good, { ...good, quantity: 1.5 }] }, '/lines/1/quantity'],
      [{ id: 'a', lines: [good, { ...good, quantity: Number.NaN }] }, '/lines/1/quantity'],
      [{ id: 'a', lines: [{ ...good, quantity: 10 }] }, '/lines/0/quantity'],
    ];
    for (const [value, path] of cases) assert.is(refusedPath(schema, value), path, JSON.stringify(value));
  });

  test('with choices refuses at the value that none of them takes', () => {
    const card = object({ kind: { const: 'card' }, number: text }, ['kind', 'number']);
    const schema = object({ by: { anyOf: [card, { type: 'null' }] } });
    assert.is(refusedPath(schema, { by: null }), undefined);
    assert.is(refusedPath(schema, { by: { kind: 'card', number: 'a' } }), undefined);
    assert.is(refusedPath(schema, { by: { kind: 'card' } }), '/by');
  });

  test('holds a field that has the name of a word for people, and takes the words themselves for nothing', () => {
    const schema = { ...object({ description: { ...text, description: 'What it is.' } }, []), description: 'A thing.' };
    assert.is(refusedPath(schema, { description: 1 }), '/description');
    assert.is(refusedPath({ ...schema, description: 'Another.' }, { description: 'a' }), undefined);
  });

  test('counts characters as JSON Schema does, whatever they take in memory', () => {
    assert.is(refusedPath({ type: 'string', maxLength: 1 }, '😀'), undefined);
    assert.is(refusedPath({ type: 'string', pattern: '^.$' }, '😀'), undefined);
  });

  test('takes each of the values that are made of it', () => {
    const schema = object({ id: text, words: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } } }, ['id']);
    const values = valuesOf(schema);
    assert.ok(values.length > 10);
    for (const value of values) assert.is(refusedPath(schema, value), undefined);
  });
});
