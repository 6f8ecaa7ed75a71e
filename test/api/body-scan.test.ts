/** What a body costs before it is refused or taken, counted in steps of the scan: bodies as large as they may be. */
import * as assert from 'uvu/assert';
import { scanJson } from '../../api/http/strict-json';
import { spec } from '../spec';
import { apiFixture } from './api-fixture';

const BYTES = 510_000;

/** As many of the pieces as fit, between two brackets. */
const filled = (open: string, piece: (index: number) => string, close: string): string => {
  const pieces: string[] = [];
  for (let bytes = 2, index = 0; ; index += 1) {
    const next = piece(index);
    bytes += next.length + 1;
    if (bytes > BYTES) return `${open}${pieces.join()}${close}`;
    pieces.push(next);
  }
};

const lists = (item: string): string => {
  const list = `[${Array.from({ length: 4_000 }, () => item).join()}]`;
  return filled('[', () => list, ']');
};

/** A name, its colon, its value, the comma. */
const NAMES = 4 * 1_001;
/** Of an item at most its brackets, its name, its colon, its value, and the comma. */
const VALUES = 6 * 60_000;

const bodies: ReadonlyArray<readonly [what: string, text: string, steps: number, limit: RegExp | undefined]> = [
  ['40,000 names', filled('{', (index) => `"a${index}":1`, '}'), NAMES, /takes at most 1000/],
  ['40,000 numbers as names', filled('{', (index) => `"${index}":1`, '}'), NAMES, /takes at most 1000/],
  ['lists 255,000 deep', '['.repeat(BYTES / 2) + ']'.repeat(BYTES / 2), 33, /deeper than 32 levels/],
  ['objects 80,000 deep', `${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}`, 3 * 33, /deeper than 32 levels/],
  ['a list of numbers', filled('[', () => '1', ']'), 2 * 5_001, /holds 254999 items; it takes at most 5000/],
  ['a list of empty lists', filled('[', () => '[]', ']'), 3 * 5_001, /it takes at most 5000/],
  ['a list of distinct objects', filled('[', (index) => `{"a${index}":1}`, ']'), 6 * 5_001, /it takes at most 5000/],
  ['lists of numbers', lists('1'), VALUES, /more than 60000 values/],
  ['lists of objects', lists('{"":0}'), VALUES, /more than 60000 values/],
  ['lists of texts with escapes', lists('"\\n\\u00e9"'), VALUES, undefined],
  ['lists of long numbers', lists('0.1234567890123456'), VALUES, undefined],
  ['a text of escapes', `["${'\\u00e9'.repeat(BYTES / 6 - 1)}"]`, 3, undefined],
  ['a long text', `["${'c'.repeat(BYTES - 4)}"]`, 3, undefined],
];

spec('a body of 510 kB', ({ test, after }) => {
  const { app, post } = apiFixture({ bodyLimitBytes: 524_288 });
  after(() => app.close());

  for (const [what, text, most, limit] of bodies) {
    test(`is looked through in at most ${most} steps: ${what}`, async () => {
      const { steps, found } = scanJson(text);
      assert.ok(steps <= most, `${steps} steps`);
      assert.is(found?.isLimit, limit === undefined ? undefined : true);
      const { status, body } = await post('/orders/o1/place', text);
      assert.is(status, 400);
      if (limit === undefined) return;
      assert.match(String(body['detail']), /^The body passes a limit: \//);
      assert.match(String(body['detail']), limit);
    });
  }

  test('that stops being JSON far behind says how far the place was looked for', async () => {
    const { body } = await post('/orders/o1/place', '['.repeat(400_000));
    assert.match(String(body['detail']), /is not JSON; the place is looked for in its first 60000 values/);
  });

  test('that would be bent is told from one that passes a limit', async () => {
    const { body } = await post('/orders/o1/place', '{"a":1,"a":2}');
    assert.match(String(body['detail']), /would not be kept as it was sent: \/a comes twice/);
  });
});
