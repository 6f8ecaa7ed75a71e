/** The API's description of itself, and the contracts that it publishes. */
import * as assert from 'uvu/assert';
import { buildApp } from '../../api/http/server/app';
import { application } from '../../projections/fulfilment/application';
import { versionsOf } from '../../domain/kernel/event-versions';
import { jsonSchemaOf } from '../../domain/kernel/json-schema';
import { spec } from '../spec';
import { apiFixture } from './api-fixture';

const { catalog } = application;

type Json = Readonly<Record<string, unknown>>;
const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((node, key) => (node as Json | undefined)?.[key], value);

/** Every object within, with its path. */
const nodes = (value: unknown, path = '#'): ReadonlyArray<readonly [string, Json]> =>
  typeof value !== 'object' || value === null
    ? []
    : [[path, value as Json], ...Object.entries(value).flatMap(([key, child]) => nodes(child, `${path}/${key}`))];

spec('the OpenAPI document', ({ test, before, after }) => {
  const { app, get, views } = apiFixture();
  let document: Json = {};
  before(async () => {
    document = (await get('/openapi.json')).body;
  });
  after(() => app.close());

  const operations = (): ReadonlyArray<readonly [string, Json]> =>
    Object.entries(document['paths'] as Record<string, Record<string, Json>>).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
    );

  test('is OpenAPI 3.1 with unique operation ids', () => {
    assert.is(document['openapi'], '3.1.0');
    const ids = operations().map(([, { operationId }]) => operationId);
    assert.ok(ids.every((id) => typeof id === 'string'));
    assert.is(new Set(ids).size, ids.length);
  });

  test('resolves every $ref', () => {
    const refs = nodes(document).filter(([, node]) => typeof node['$ref'] === 'string');
    assert.ok(refs.length > 50);
    for (const [path, { $ref }] of refs) {
      const target = at(document, ...String($ref).slice(2).split('/'));
      assert.ok(String($ref).startsWith('#/') && target !== undefined, `${path}: ${String($ref)}`);
    }
  });

  test('names every parameter of every path, and every response with a description', () => {
    for (const [name, operation] of operations()) {
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const parameters = (operation['parameters'] ?? []) as {
        name: string;
        in: string;
        required: boolean;
        schema: Json;
      }[];
      const described = parameters.filter((parameter) => parameter.in === 'path');
      assert.equal(described.map((parameter) => parameter.name).sort(), inPath.sort(), name);
      assert.ok(
        described.every((parameter) => parameter.required),
        name,
      );
      assert.ok(
        parameters.every((parameter) => typeof parameter.schema === 'object'),
        name,
      );
      const responses = Object.entries(operation['responses'] as Record<string, Json>);
      assert.ok(
        responses.some(([status]) => status.startsWith('2')),
        name,
      );
      for (const [status, { description }] of responses) {
        assert.match(status, /^[2-5]\d\d$/);
        assert.ok(typeof description === 'string' && description !== 'Default Response', `${name} ${status}`);
      }
      assert.ok(typeof operation['summary'] === 'string' && (operation['tags'] as unknown[]).length === 1, name);
    }
  });

  test('has only tags that it explains', () => {
    const tags = (document['tags'] as { name: string }[]).map(({ name }) => name);
    for (const [name, operation] of operations())
      assert.ok(tags.includes(String((operation['tags'] as unknown[])[0])), name);
  });

  for (const aggregate of catalog.aggregates) {
    for (const { type, codec, example, meaning } of aggregate.commands.values()) {
      test(`describes ${aggregate.path} ${type} with the schema of its codec and its example`, () => {
        const operation = at(document, 'paths', `/${aggregate.path}/{id}/${type}`, 'post') as Json;
        assert.is(operation['summary'], meaning);
        const media = at(operation, 'requestBody', 'content', 'application/json');
        assert.equal(
          at(media, 'schema'),
          JSON.parse(JSON.stringify(jsonSchemaOf(codec, { additionalProperties: false }))),
        );
        assert.equal(at(media, 'example'), example);
        const parameters = (operation['parameters'] as { name: string; in: string }[]).map(
          (each) => `${each.in} ${each.name}`,
        );
        for (const expected of [
          'path id',
          'query dryRun',
          'header Idempotency-Key',
          'header If-Match',
          'header X-Correlation-Id',
        ]) {
          assert.ok(parameters.includes(expected), expected);
        }
        const statuses = Object.keys(operation['responses'] as Json);
        const refusals = ['400', '401', '403', '408', '409', '412', '413', '415', '417', '421', '422', '429', '431'];
        assert.equal(statuses, ['200', '201', ...refusals, '500', '503']);
      });
    }
  }

  test('describes every view with its columns', () => {
    for (const view of views.views) {
      const row = at(
        document,
        'paths',
        `/views/${view.name}/{key}`,
        'get',
        'responses',
        '200',
        'content',
        'application/json',
        'schema',
      );
      assert.equal(Object.keys(at(row, 'properties') as Json), [...view.columns.map(({ name }) => name), 'stale']);
    }
    const amount = at(
      document,
      'paths',
      '/views/order-summary/{key}',
      'get',
      'responses',
      '200',
      'content',
      'application/json',
      'schema',
      'properties',
      'amount',
    );
    assert.equal(amount, { type: ['integer', 'null'], description: 'What it costs, in minor units.' });
  });

  test('says of a body whether it may be left out', () => {
    assert.is(at(document, 'paths', '/orders/{id}/place', 'post', 'requestBody', 'required'), true);
    assert.is(at(document, 'paths', '/ops/projections/{name}/rebuild', 'post', 'requestBody', 'required'), false);
  });

  test('asks for a key exactly where keys are configured', async () => {
    assert.not.ok('security' in document);
    const { get: read } = apiFixture({ apiKeys: [{ name: 'a', role: 'client', key: 'k' }] });
    const guarded = (await read('/openapi.json')).body;
    assert.equal(guarded['security'], [{ bearer: [] }, { header: [] }]);
    assert.equal(at(guarded, 'paths', '/health/live', 'get', 'security'), []);
  });
});

spec('the documentation', ({ test, after }) => {
  const { app, get, dependencies } = apiFixture();
  after(() => app.close());

  test('is one page that asks no other server', async () => {
    const { status, headers, text } = await get('/docs');
    assert.is(status, 200);
    assert.match(headers['content-type'] ?? '', /^text\/html/);
    const policy = headers['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'; script-src 'self';/);
    assert.not.match(policy, /script-src[^;]*unsafe/);
    assert.not.match(text, /https?:\/\//);
    assert.not.match(text, /<script>|<style|\son[a-z]+=/);
    for (const [, address = ''] of text.matchAll(/(?:src|href)="([^"]*)"/g)) {
      assert.is((await get(address)).status, 200, address);
      assert.match(address, /^\/console\/assets\/[a-z-]+\.(js|css|svg)$/);
    }
  });

  test('has scripts that are some', async () => {
    const addresses = [...(await get('/docs')).text.matchAll(/<script[^>]* src="([^"]*)"/g)].map(
      ([, each = '']) => each,
    );
    assert.is(addresses.length, 2);
    for (const address of addresses) {
      const { headers, text } = await get(address);
      assert.match(headers['content-type'] ?? '', /^text\/javascript/);
      assert.ok(text.length > 100);
      // Compiles it, and does not run it: a browser does, in test/console.
      assert.not.throws(() => new (Function as unknown as new (body: string) => unknown)(text));
    }
  });

  for (const aggregate of catalog.aggregates) {
    for (const { type, schemaVersion, codec } of [...aggregate.events.values()].flatMap(versionsOf)) {
      test(`resolves the dataschema of ${type} version ${schemaVersion}`, async () => {
        const { status, body, headers } = await get(`/schemas/${type}/${schemaVersion}`);
        assert.is(status, 200);
        assert.match(headers['content-type'] ?? '', /^application\/schema\+json/);
        assert.is(body['title'], type);
        assert.is(body['$id'], `/schemas/${type}/${schemaVersion}`);
        assert.equal(Object.keys(body['properties'] as Json), Object.keys(codec.fields));
        assert.is(body['additionalProperties'], true);
      });
    }
  }

  for (const url of [
    '/schemas/OrderPlaced/2',
    '/schemas/StockReleased/2',
    '/schemas/OrderPlaced/x',
    '/schemas/KettleWhistled/1',
  ]) {
    test(`has no schema at ${url}`, async () => {
      const { status, body } = await get(url);
      assert.is(status, 404);
      assert.is(body['type'], '/problems/unknown-schema');
    });
  }

  test('has no word for a problem that cannot be one', async () => {
    assert.is((await get('/problems/Not_A_Name')).status, 404);
  });

  test('is of the app that is built: two apps do not share it', async () => {
    const other = buildApp({ ...dependencies, views: { ...dependencies.views, views: [] } });
    const paths = Object.keys((await other.inject('/openapi.json')).json<{ paths: Json }>().paths);
    assert.not.ok(paths.includes('/views/order-summary'));
    await other.close();
  });
});
