/** Which keys are let in: long enough, each for one caller with one role, and never repeated in a sentence. */
import * as assert from 'uvu/assert';
import { readConfiguration } from '../../../infra/configuration';
import { spec } from '../../spec';
import { refusal } from './refusal';

const good = 'anna-has-a-long-key';

spec('the keys of the API', ({ test }) => {
  const refused: ReadonlyArray<readonly [string, string, RegExp]> = [
    ['a key of one letter', 'shop:client:x', /entry 1 has a key of 1 characters; it takes 16 to 512.*openssl rand/],
    ['a key of 15 characters', `ops:operator:${'x'.repeat(15)}`, /entry 1 has a key of 15 characters/],
    ['a key that fills a header', `ops:operator:${'x'.repeat(513)}`, /entry 1 has a key of 513 characters/],
    [
      'one key under two roles',
      `shop:client:${good},ops:operator:${good}`,
      /the entries 1 and 2 have the same key; use a different key for each/,
    ],
    [
      'one key under two names of a role',
      `a:client:${good}, b:client:${good}`,
      /the entries 1 and 2 have the same key/,
    ],
    [
      'one name twice',
      `a:client:${good}1,b:client:${good}2,a:operator:${good}3`,
      /the entries 1 and 3 have the same name/,
    ],
    [
      'one name in two spellings',
      `Shop:client:${good}1,shop:client:${good}2`,
      /the entries 1 and 2 have the same name/,
    ],
    ['the name of callers without a key', `anonymous:operator:${good}`, /the name 'anonymous', which is reserved/],
    ['a reserved name in capitals', `Tidemark:client:${good}`, /'Tidemark', which is reserved/],
    ['a name with a space', `the shop:client:${good}`, /entry 1 has a name that can't be used in events/],
    ['a name with a line break', `a\tb:client:${good}`, /entry 1 has a name that can't be used in events/],
    [
      'a key with a space',
      `shop:client:${good} and more`,
      /entry 1 has a key with a character that no header can carry/,
    ],
    ['a key with a control character', `shop:client:${good}\u0007`, /a key with a character that no header can carry/],
    ['a key that is not ASCII', `shop:client:${good}é`, /a key with a character that no header can carry/],
    ['an unknown role', `shop:chef:${good}`, /entry 1 is not <name>:<client\|operator>:<key>/],
  ];
  for (const [what, value, message] of refused) {
    test(`refuse ${what}, and do not repeat the secret`, () => {
      const sentence = refusal({ API_KEYS: value });
      assert.match(sentence, message);
      assert.match(sentence, /^API_KEYS/);
      assert.not.match(sentence, good);
    });
  }

  test('do not repeat a secret that stands where the name should be', () => {
    for (const value of [`${good}:client:shop`, `${good}:client:shop,${good}:client:shop`]) {
      assert.not.match(refusal({ API_KEYS: value }), good);
    }
  });

  test('take 16 characters, colons among them', () => {
    const { apiKeys } = readConfiguration({ API_KEYS: `shop:client:${'a:'.repeat(8)}` });
    assert.equal(apiKeys, [{ name: 'shop', role: 'client', key: 'a:'.repeat(8) }]);
  });

  test('refuse a key to show that no header can carry', () => {
    for (const key of ['two words', 'line\nbreak', 'é']) {
      const sentence = refusal({ API_KEY: key });
      assert.match(sentence, /^API_KEY holds/);
      assert.not.match(sentence, key);
    }
  });
});
