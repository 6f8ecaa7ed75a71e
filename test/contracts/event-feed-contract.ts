/** What every event feed must do, told as tests: whoever reads a store through it relies on these sentences. */
import * as assert from 'uvu/assert';
import type { EventStore } from '../../domain/kernel/event-store';
import type { OperationRequestWriter } from '../../infra/commands/operation-requests';
import type { EventFeed } from '../../infra/event-store/event-feed';
import { spec, type Spec } from '../spec';
import { appendTo, CONTRACT_TIME_MS, event, ids, metadata, right } from './event-store-fixtures';

/** A fresh, empty store whose clock stands at CONTRACT_TIME_MS, and a feed that reads it from another place. */
export interface OpenedFeed {
  readonly store: Pick<EventStore, 'append' | 'readAll'>;
  readonly requests: OperationRequestWriter;
  readonly feed: EventFeed;
  readonly close: () => Promise<void>;
}

type WithFeed = (body: (opened: OpenedFeed) => Promise<void>) => () => Promise<void>;

/** Registers the contract for one implementation. */
export const eventFeedContract = (name: string, open: () => Promise<OpenedFeed>): void => {
  const withFeed: WithFeed = (body) => async () => {
    const opened = await open();
    try {
      await body(opened);
    } finally {
      await opened.close();
    }
  };
  spec(`${name}: reading`, (tools) => {
    pages(tools, withFeed);
    lookups(tools, withFeed);
    requests(tools, withFeed);
  });
  spec(`${name}: changes`, (tools) => changes(tools, withFeed));
};

const add = async (
  { store }: Pick<OpenedFeed, 'store'>,
  stream: string,
  notes: ReadonlyArray<string>,
  more = {},
): Promise<void> => {
  const append = appendTo(
    stream,
    'any',
    notes.map((note) => event(note)),
  );
  right(await store.append({ ...append, metadata: { ...metadata, ...more } })());
};

const pages = ({ test }: Spec, withFeed: WithFeed): void => {
  test(
    'of an empty store there is nothing',
    withFeed(async ({ feed }) => {
      assert.is(await feed.lastPosition(), 0);
      assert.equal(await feed.readAll({ afterPosition: 0, limit: 10 }), []);
      assert.equal(await feed.readStream('note-1', { afterVersion: 0, limit: 10 }), []);
      assert.equal([...(await feed.attributesAt([1]))], []);
    }),
  );

  test(
    'hands out what the store holds, page by page, as the store itself does',
    withFeed(async ({ feed, store }) => {
      await add({ store }, 'note-1', ['a', 'b']);
      await add({ store }, 'note-2', ['c'], { traceparent: 'trace' });
      assert.is(await feed.lastPosition(), 3);
      assert.equal(
        await feed.readAll({ afterPosition: 0, limit: 10 }),
        right(await store.readAll({ afterPosition: 0, limit: 10 })()),
      );
      assert.equal(ids(await feed.readAll({ afterPosition: 1, limit: 1 })), ['note-1@2']);
      assert.equal(ids(await feed.readStream('note-1', { afterVersion: 1, limit: 10 })), ['note-1@2']);
      assert.equal(ids(await feed.readStream('note-1', { afterVersion: 0, limit: 1 })), ['note-1@1']);
    }),
  );

  test(
    'a page holds no more than its bytes allow, but always one event',
    withFeed(async ({ feed, store }) => {
      // 13 bytes each: {"note":"aa"}
      await add({ store }, 'note-1', ['aa', 'bb', 'cc', 'dd']);
      const sizes: number[] = [];
      for (const maxBytes of [1, 13, 25, 26, 39]) {
        sizes.push((await feed.readAll({ afterPosition: 0, limit: 10, maxBytes })).length);
        const ofStream = await feed.readStream('note-1', { afterVersion: 0, limit: 10, maxBytes });
        assert.is(ofStream.length, sizes.at(-1));
      }
      assert.equal(sizes, [1, 1, 1, 2, 3]);
    }),
  );

  test(
    'a page with an impossible bound rejects',
    withFeed(async ({ feed }) => {
      for (const page of [
        { afterPosition: 0, limit: 0 },
        { afterPosition: -1, limit: 1 },
      ]) {
        const answer: unknown = await feed.readAll(page).catch((error: unknown) => error);
        assert.instance(answer, RangeError);
      }
      const answer: unknown = await feed
        .readStream('note-1', { afterVersion: 0, limit: 0 })
        .catch((error: unknown) => error);
      assert.instance(answer, RangeError);
    }),
  );
};

const lookups = ({ test }: Spec, withFeed: WithFeed): void => {
  test(
    'finds events of correlations within a range, in the order of positions',
    withFeed(async ({ feed, store }) => {
      for (const [index, correlationId] of ['x', 'y', 'x', 'z', 'x'].entries())
        await add({ store }, `note-${index}`, ['a'], { correlationId });
      const found = await feed.readCorrelated(['x', 'z'], { afterPosition: 1, untilPosition: 4 });
      assert.equal(ids(found), ['note-2@1', 'note-3@1']);
      assert.equal(await feed.readCorrelated(['nobody'], { afterPosition: 0, untilPosition: 5 }), []);
    }),
  );

  test(
    'tells who the events of a range are',
    withFeed(async ({ feed, store }) => {
      await add({ store }, 'note-1', ['a', 'b', 'c']);
      const recordedAt = new Date(CONTRACT_TIME_MS).toISOString();
      assert.equal(await feed.identities({ afterPosition: 1, untilPosition: 2 }), [
        { id: 'note-1@2', stream: 'note-1', position: 2, recordedAt },
      ]);
      assert.is((await feed.identities({ afterPosition: 0, untilPosition: 1_000 })).length, 3);
    }),
  );

  test(
    'knows the attributes at many positions in one call, and leaves out what it does not hold',
    withFeed(async ({ feed, store }) => {
      await add({ store }, 'note-1', ['a', 'b']);
      await add({ store }, 'note-2', ['c'], { traceparent: 'trace' });
      const { correlationId, causationId, actor } = metadata;
      const shared = ['NoteTaken', 1, CONTRACT_TIME_MS, correlationId, causationId, actor] as const;
      const found = await feed.attributesAt([3, 1, 1, 4, 9_007_199_254_740_991]);
      assert.equal(
        [...found].sort(([left], [right]) => left - right),
        [
          [1, ['note-1', 1, ...shared, null]],
          [3, ['note-2', 1, ...shared, 'trace']],
        ],
      );
    }),
  );

  test(
    'finds the position of an event by its id',
    withFeed(async ({ feed, store }) => {
      await add({ store }, 'note-1', ['a']);
      await add({ store }, 'note-2', ['b']);
      assert.equal(await Promise.all(['note-2@1', 'note-2@2', 'note-3@1', 'no id'].map((id) => feed.positionOf(id))), [
        2,
        undefined,
        undefined,
        undefined,
      ]);
    }),
  );

  test(
    'says who the store is, and that it is in its place',
    withFeed(async ({ feed }) => {
      assert.match(feed.identity.storeId, /./);
      assert.equal([feed.identity.unnamedUntilPosition, feed.identity.requestFloor], [0, 0]);
      assert.match(await feed.reactorToken(), /./);
      assert.is(await feed.isInPlace(), true);
    }),
  );
};

const requests = ({ test }: Spec, withFeed: WithFeed): void => {
  test(
    'finds the requests of operators in their order, of the kinds that are named',
    withFeed(async ({ feed, requests: writer }) => {
      const ask = (kind: 'rebuild' | 'relay-skip', body: string) => writer.submit({ kind, body, actor: 'one' });
      const first = ask('rebuild', '{"a":1}');
      const skip = ask('relay-skip', '{"b":2}');
      const second = ask('rebuild', '{"c":3}');
      assert.equal(await feed.requestsAfter(0), [first, skip, second]);
      assert.equal(await feed.requestsAfter(first.id), [skip, second]);
      assert.equal(await feed.requestsAfter(0, ['rebuild', 'move-offsets']), [first, second]);
      assert.equal(await feed.requestsAfter(second.id), []);
      assert.is(first.requestedAt, new Date(CONTRACT_TIME_MS).toISOString());
    }),
  );

  test(
    'hands out a hundred requests at a time',
    withFeed(async ({ feed, requests: writer }) => {
      writer.submitAll(Array.from({ length: 130 }, () => ({ kind: 'rebuild', body: '{}', actor: 'one' })));
      const page = await feed.requestsAfter(0);
      assert.is(page.length, 100);
      assert.is((await feed.requestsAfter(page.at(-1)?.id ?? 0)).length, 30);
    }),
  );

  test(
    'hands out the last requests first, a hundred at a time',
    withFeed(async ({ feed, requests: writer }) => {
      assert.equal(await feed.requestsBefore(Number.MAX_SAFE_INTEGER), []);
      const all = writer.submitAll(
        Array.from({ length: 130 }, (_each, index) => ({ kind: 'rebuild', body: String(index), actor: 'one' })),
      );
      const latest = await feed.requestsBefore(Number.MAX_SAFE_INTEGER);
      assert.equal(latest, all.slice(30).reverse());
      assert.equal(await feed.requestsBefore(latest.at(-1)?.id ?? 0), all.slice(0, 30).reverse());
    }),
  );
};

const changes = ({ test }: Spec, withFeed: WithFeed): void => {
  test(
    'come once at the beginning, and again after a commit: of an event, and of a request',
    withFeed(async ({ feed, store, requests: writer }) => {
      const over = new AbortController();
      const told = feed.changes({ signal: over.signal, withinMs: 1 })[Symbol.asyncIterator]();
      await told.next();
      await add({ store }, 'note-1', ['a']);
      assert.not.ok((await told.next()).done);
      writer.submit({ kind: 'rebuild', body: '{}', actor: 'one' });
      assert.not.ok((await told.next()).done);
      over.abort();
      assert.ok((await told.next()).done);
    }),
  );

  test(
    'are not lost while nobody waits for them, and are told to everybody who does',
    withFeed(async ({ feed, store }) => {
      const over = new AbortController();
      const takers = [1, 2].map(() => feed.changes({ signal: over.signal, withinMs: 1 })[Symbol.asyncIterator]());
      for (const taker of takers) await taker.next();
      await add({ store }, 'note-1', ['a']);
      await add({ store }, 'note-1', ['b']);
      for (const taker of takers) assert.not.ok((await taker.next()).done);
      over.abort();
      for (const taker of takers) assert.ok((await taker.next()).done);
    }),
  );

  test(
    'whoever looks again with each of them sees every event, however they fall together',
    withFeed(async ({ feed, store }) => {
      const over = new AbortController();
      let seen = 0;
      const following = (async () => {
        const told = feed.changes({ signal: over.signal, withinMs: 1 })[Symbol.asyncIterator]();
        while (seen < 20 && (await told.next()).done !== true) seen = await feed.lastPosition();
      })();
      for (let index = 0; index < 20; index += 1) await add({ store }, `note-${index % 3}`, ['a']);
      await following;
      over.abort();
      assert.is(seen, 20);
    }),
  );

  test(
    'end at once where the signal has aborted before',
    withFeed(async ({ feed }) => {
      const told = feed.changes({ signal: AbortSignal.abort(), withinMs: 1 })[Symbol.asyncIterator]();
      assert.ok((await told.next()).done);
    }),
  );
};
