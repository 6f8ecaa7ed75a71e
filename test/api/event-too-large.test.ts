/** An event that grows beyond what a record may hold: refused over HTTP by its own size, whatever its command's body has. */
import * as assert from 'uvu/assert';
import { aggregate, catalogOf } from '../../domain/kernel/aggregate';
import { field } from '../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../domain/kernel/command-definition';
import { accept } from '../../domain/kernel/decider';
import { defineEvent, type EventOf } from '../../domain/kernel/event-definition';
import { listOf, Text } from '../../domain/kernel/values';
import { commandHandler } from '../../infra/commands/command-handler';
import { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
import { spec } from '../spec';
import { testClock } from '../support/test-clock';
import { apiFixture } from './api-fixture';

const pages = field(listOf(Text), 'What stands on them.');

const AlbumBound = defineEvent('AlbumBound', {
  owner: 'bindery',
  since: '2026-11-25',
  schemaVersion: 1,
  meaning: 'Pages were bound, twice: once for the reader and once for the archive.',
  fields: { pages, archived: pages },
});

const bind = defineCommand('bind', {
  meaning: 'Binds pages.',
  fields: { pages },
  example: { pages: ['a'] },
});

type Bind = CommandOf<typeof bind>;

const albums = aggregate<Bind, null, EventOf<typeof AlbumBound>>({
  category: 'album',
  path: 'albums',
  meaning: 'Pages that belong together.',
  topic: {
    name: 'albums',
    partitions: 1,
    retention: 'forever',
    key: { is: 'the album', because: 'it is bound once', concurrency: 'None is needed.', skew: 'There is none.' },
  },
  events: [AlbumBound],
  commands: [bind],
  decider: {
    initialState: null,
    evolve: () => null,
    decide: (command) => accept(AlbumBound.of({ pages: command.data.pages, archived: command.data.pages })),
  },
});

spec('an event of more than a record may hold', ({ test, after }) => {
  const catalog = catalogOf([albums]);
  const store = inMemoryEventStore({ clock: testClock() });
  const handleCommand = commandHandler({ store, catalog, stateCacheSize: 10 });
  const { app, post } = apiFixture({ catalog, store, handleCommand, bodyLimitBytes: 900_000 });
  after(() => app.close());
  /** In all some more characters than these; the event has twice as many. */
  const bodyOf = (characters: number) => ({
    pages: Array.from({ length: Math.floor(characters / 500) }, () => 'p'.repeat(500)),
  });

  test('is refused with its size and the limit, though the body is within its own; nothing is stored', async () => {
    const { status, body } = await post('/albums/a1/bind', bodyOf(600_000));
    assert.equal([status, body['type']], [413, '/problems/event-too-large']);
    assert.equal([body['stream'], body['eventType'], body['limitBytes']], ['album-a1', 'AlbumBound', 1_000_000]);
    assert.ok(Number(body['sizeBytes']) > 1_200_000);
    assert.equal(store.events(), []);
  });

  test('is told from one that is just within it, in the same stream', async () => {
    assert.is((await post('/albums/a1/bind', bodyOf(480_000))).status, 201);
    assert.is((await post('/albums/a1/bind', bodyOf(500_000))).status, 413);
    assert.is(store.events().length, 1);
  });
});
