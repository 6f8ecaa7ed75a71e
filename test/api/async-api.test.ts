/** The AsyncAPI document, as its own parser reads it. */
import { Parser } from '@asyncapi/parser';
import * as assert from 'uvu/assert';
import { refusedPath } from '../../infra/schemas/schema-check';
import { application } from '../../projections/fulfilment/application';
import type { JsonSchema } from '../../domain/kernel/codec';
import { versionsOf } from '../../domain/kernel/event-versions';
import { spec } from '../spec';
import { apiFixture } from './api-fixture';

const { catalog } = application;

spec('the AsyncAPI document', ({ test, after }) => {
  const { app, get } = apiFixture();
  after(() => app.close());

  test('is accepted by the AsyncAPI parser without an error or a warning', async () => {
    const { status, text, headers } = await get('/asyncapi.json');
    assert.is(status, 200);
    assert.match(headers['content-type'] ?? '', /^application\/json/);
    const { document, diagnostics } = await new Parser().parse(text);
    const complaints = diagnostics.filter(({ severity }) => [0, 1].includes(severity));
    assert.equal(
      complaints.map(({ message, path }) => `${path.join('/')}: ${message}`),
      [],
    );
    assert.ok(document);
    assert.match(document.version(), /^3\./);
    const channels = document.channels().all();
    assert.equal(
      channels.map((channel) => channel.address()),
      ['orders', 'stock', 'payments'],
    );
    const names = channels.flatMap((channel) =>
      channel
        .messages()
        .all()
        .map((message) => message.id()),
    );
    const versions = catalog.aggregates.flatMap(({ events }) => [...events.values()]).flatMap(versionsOf);
    assert.equal(names.sort(), versions.map(({ type, schemaVersion }) => `${type}.${schemaVersion}`).sort());
  });

  test('says why each key is the key, and gives examples that pass their own schemas', async () => {
    const { body } = await get('/asyncapi.json');
    const { channels, components } = body as unknown as {
      readonly channels: Readonly<Record<string, { readonly description: string }>>;
      readonly components: {
        readonly messages: Readonly<
          Record<
            string,
            { readonly payload: JsonSchema; readonly examples: ReadonlyArray<{ readonly payload: unknown }> }
          >
        >;
      };
    };
    assert.match(channels['stock']?.description ?? '', /The key is the stock keeping unit\. .* one key/);
    for (const [name, { payload, examples }] of Object.entries(components.messages))
      for (const example of examples) assert.is(refusedPath(payload, example.payload), undefined, name);
  });
});
