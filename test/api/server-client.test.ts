/** What an operator's terminal says of an answer that refuses: the sentence, and the first few of its faults. */
import * as assert from 'uvu/assert';
import { request, ServerRefused } from '../../api/cli/server-client';
import { readConfiguration } from '../../infra/configuration';
import { freePort } from '../support/server';
import { localServer, type ServedAnswer } from '../support/local-server';
import { spec } from '../spec';

const refusalOf = async (answer: ServedAnswer): Promise<string> => {
  const server = await localServer(() => answer);
  try {
    await request(readConfiguration({ BASE_URL: server.url }), 'POST', '/ops/x', { a: 1 });
  } catch (error) {
    assert.instance(error, ServerRefused);
    return (error as ServerRefused).message;
  } finally {
    await server.close();
  }
  throw new Error('it should have been refused');
};

const faults = (count: number): ReadonlyArray<unknown> =>
  Array.from({ length: count }, (_, index) => ({ path: `/moves/${index}`, message: 'must be a number' }));

spec("a command's request to the server", ({ test }) => {
  test('carries the key and the body, and answers what the server does', async () => {
    const server = await localServer(() => ({ status: 202, body: { id: 3 } }));
    const configuration = readConfiguration({ BASE_URL: server.url, API_KEY: 'a-key-of-sixteen-letters' });
    assert.equal(await request(configuration, 'POST', '/ops/x?y=1', { a: 1 }), { id: 3 });
    await request(readConfiguration({ BASE_URL: server.url }), 'GET', '/ops/x');
    await server.close();
    const [post, get] = server.requests;
    assert.equal([post?.method, post?.url, post?.body], ['POST', '/ops/x?y=1', '{"a":1}']);
    assert.is(post?.headers.authorization, 'Bearer a-key-of-sixteen-letters');
    assert.is(post?.headers['content-type'], 'application/json');
    assert.equal([get?.method, get?.body, get?.headers.authorization], ['GET', '', undefined]);
  });

  test('names the first five faults of a refusal beside its sentence, and no more', async () => {
    const body = { title: 'Invalid body', detail: 'It does not fit.' };
    const start = 'POST /ops/x: 400 Invalid body: It does not fit.';
    assert.is(await refusalOf({ status: 400, body: { ...body, errors: faults(0) } }), start);
    assert.is(
      await refusalOf({ status: 400, body: { ...body, errors: faults(1) } }),
      `${start} (/moves/0 must be a number)`,
    );
    const five = [0, 1, 2, 3, 4].map((index) => `/moves/${index} must be a number`).join('; ');
    for (const count of [5, 6, 1_000]) {
      assert.is(await refusalOf({ status: 400, body: { ...body, errors: faults(count) } }), `${start} (${five})`);
    }
  });

  test('says what it can of an answer that is no problem of the API', async () => {
    assert.is(await refusalOf({ status: 502, text: '<html>' }), 'POST /ops/x: 502 ');
    assert.is(await refusalOf({ status: 400, text: 'null' }), 'POST /ops/x: 400 ');
    assert.is(await refusalOf({ status: 409, body: { title: 'Taken', errors: 'no list' } }), 'POST /ops/x: 409 Taken');
    assert.is(await refusalOf({ status: 400, body: { title: 'Odd', errors: [null] } }), 'POST /ops/x: 400 Odd');
  });

  test('names the server that does not answer, and what to do', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const asked = request(readConfiguration({ BASE_URL: url }), 'GET', '/ops/x');
    const error = await asked.catch((failure: unknown) => failure);
    assert.instance(error, ServerRefused);
    assert.match((error as ServerRefused).message, `no Tidemark server answers at ${url} (`);
    assert.match((error as ServerRefused).message, /BASE_URL$/);
  });
});
