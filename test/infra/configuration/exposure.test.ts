/** Without keys, only this machine: which addresses that is, and what is said of others. */
import * as assert from 'uvu/assert';
import { ConfigurationError, refuseExposed, refuseReactorsWithoutKey, type ApiKey } from '../../../infra/configuration';
import { spec } from '../../spec';

const keys: ReadonlyArray<ApiKey> = [
  { name: 'shop', role: 'client', key: 'shop-secret-of-16' },
  { name: 'ops', role: 'operator', key: 'ops-secret-of-16' },
];
const names: Readonly<Record<string, ReadonlyArray<string>>> = {
  'this.example': ['127.0.0.1', '::1'],
  'shop.example': ['192.0.2.7'],
  'both.example': ['127.0.0.1', '192.0.2.7'],
};
const resolveNames = async (host: string): Promise<ReadonlyArray<string>> => {
  const found = names[host];
  return found === undefined ? Promise.reject(new Error(`getaddrinfo ENOTFOUND ${host}`)) : Promise.resolve(found);
};

const sentenceOf = async (check: () => Promise<void> | void): Promise<string | undefined> => {
  try {
    await check();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
};

spec('without keys', ({ test }) => {
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'localhost', '127.1']) {
    test(`${host} serves`, async () => {
      assert.is(await sentenceOf(() => refuseExposed({ host, apiKeys: [] })), undefined);
    });
  }

  for (const host of [
    '0.0.0.0',
    '::',
    '0',
    '192.0.2.7',
    '::ffff:192.0.2.7',
    '::ffff:0.0.0.0',
    '2001:db8::1',
    '128.0.0.1',
  ]) {
    test(`${host} is refused, and the sentence says what to set`, async () => {
      const sentence = (await sentenceOf(() => refuseExposed({ host, apiKeys: [] }))) ?? '';
      assert.match(sentence, new RegExp(`^HOST is '${host}'.*which other machines can reach, and API_KEYS is not set`));
      assert.match(sentence, /Set API_KEYS=<name>:<client\|operator>:<key> .*or leave HOST out/);
    });
    test(`${host} serves with keys`, async () => {
      assert.is(await sentenceOf(() => refuseExposed({ host, apiKeys: keys })), undefined);
    });
  }

  test('the server for operators is refused likewise, under the name of its own setting', async () => {
    const sentence = await sentenceOf(() => refuseExposed({ host: '0.0.0.0', apiKeys: [] }, undefined, 'OPS_HOST'));
    assert.match(sentence ?? '', /^OPS_HOST is '0.0.0.0'.* or leave OPS_HOST out/);
  });

  test('a name serves where all of its addresses are of this machine alone', async () => {
    const check = async (host: string) => sentenceOf(() => refuseExposed({ host, apiKeys: [] }, resolveNames));
    assert.is(await check('this.example'), undefined);
    assert.match((await check('shop.example')) ?? '', /^HOST is 'shop.example' \(192.0.2.7\), which other machines/);
    assert.match((await check('both.example')) ?? '', /^HOST is 'both.example' \(192.0.2.7\)/);
    assert.match((await check('no.example')) ?? '', /^HOST is 'no.example', which is not an address of this machine/);
  });
});

spec('reactors', ({ test }) => {
  const check = async (apiKey: string | undefined, apiKeys: ReadonlyArray<ApiKey> = keys) =>
    sentenceOf(() => refuseReactorsWithoutKey({ apiKeys, ...(apiKey === undefined ? {} : { apiKey }) }));

  test('are refused where keys are asked for and none is given to them', async () => {
    assert.match((await check(undefined)) ?? '', /^API_KEYS is set and API_KEY is not: the reactors/);
  });

  test('are refused with a key that the API does not know, and it is not repeated', async () => {
    const sentence = (await check('guessed-secret-16')) ?? '';
    assert.match(sentence, /^API_KEY is not one of the keys in API_KEYS/);
    assert.not.match(sentence, 'guessed-secret-16');
  });

  test('start with a key of either role, and without any where none is asked for', async () => {
    for (const { key } of keys) assert.is(await check(key), undefined);
    assert.is(await check(undefined, []), undefined);
    assert.is(await check('key-of-another-api', []), undefined);
  });
});
