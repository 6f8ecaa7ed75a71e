/** How long answers are remembered, in which steps they go, and what becomes of those that an older program kept. */
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import { REACTORS_SCOPE, type RequestOutcome } from '../../../domain/kernel/event-store';
import { type Clock } from '../../../infra/clock';
import { expireAnswers } from '../../../infra/commands/answer-expiry';
import { silentLogger } from '../../../infra/logger';
import { openDatabase, openForReading } from '../../../infra/sqlite/database';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { storeMigrations } from '../../../infra/sqlite/store-migrations';
import { spec } from '../../spec';
import { metadata, right } from '../../contracts/event-store-fixtures';
import { newFile, openStore, withStore } from './store-fixture';
import { ownClock } from '../../support/test-clock';

const DAY_MS = 86_400_000;
const TTL_MS = 7 * DAY_MS;

const clockAt = (startMs: number): Clock & { nowAtMs: number } => {
  const clock = { ...ownClock, nowAtMs: startMs, nowMs: (): number => clock.nowAtMs };
  return clock;
};

const answer = (scope: string, key: string, response = '{}'): RequestOutcome => ({
  scope,
  key,
  requestHash: 'hash',
  response,
});

const countIn = (file: string): ReadonlyArray<string> => {
  const database = openForReading(file);
  const rows = database.prepare<[], string>('SELECT scope FROM remembered_answers ORDER BY scope, key').pluck().all();
  database.close();
  return rows;
};

spec('answers to clients', ({ test }) => {
  test('are there until the stated time has passed, and then their keys are free again', async () => {
    const clock = clockAt(1_700_000_000_000);
    await withStore({ file: newFile(), clock, answerTtlMs: TTL_MS }, async (store) => {
      const remember = (outcome: RequestOutcome) => store.append({ streams: [], metadata, outcome: () => outcome })();
      right(await remember(answer('caller/ann', 'k', '"first"')));
      clock.nowAtMs += TTL_MS - 1;
      assert.is(right(await store.findOutcome(answer('caller/ann', 'k'))())?.response, '"first"');
      const repeated = await remember(answer('caller/ann', 'k'));
      assert.is(E.isLeft(repeated) && repeated.left._tag, 'OutcomeAlreadyRecorded');
      clock.nowAtMs += 1;
      // Not removed yet, and gone all the same.
      assert.is(right(await store.findOutcome(answer('caller/ann', 'k'))()), undefined);
      right(await remember(answer('caller/ann', 'k', '"second"')));
      assert.is(right(await store.findOutcome(answer('caller/ann', 'k'))())?.response, '"second"');
    });
  });

  test('are removed in small steps, oldest first, and those of the reactors never are', async () => {
    const file = newFile();
    const clock = clockAt(1_700_000_000_000);
    await withStore({ file, clock, answerTtlMs: TTL_MS }, async (store) => {
      const remember = async (outcome: RequestOutcome) =>
        right(await store.append({ streams: [], metadata, outcome: () => outcome })());
      await remember(answer(REACTORS_SCOPE, 'fulfilment/order-o1@1/confirm'));
      await Promise.all(Array.from({ length: 450 }, (_, index) => remember(answer('anonymous', String(index)))));
      clock.nowAtMs += DAY_MS;
      await remember(answer('caller/ann', 'young'));
      clock.nowAtMs += TTL_MS - DAY_MS;
      const steps = [1, 2, 3, 4].map(() => store.removeExpiredAnswers());
      assert.equal(steps, [200, 200, 50, 0]);
      clock.nowAtMs += 100 * 365 * DAY_MS;
      assert.equal([store.removeExpiredAnswers(), store.removeExpiredAnswers()], [1, 0]);
      assert.equal(countIn(file), [REACTORS_SCOPE]);
      const kept = await store.findOutcome(answer(REACTORS_SCOPE, 'fulfilment/order-o1@1/confirm'))();
      assert.is(right(kept)?.response, '{}');
    });
  });

  test('are found by their age through an index', async () => {
    const file = newFile();
    await withStore({ file }, () => Promise.resolve());
    const database = openForReading(file);
    const plan = database
      .prepare<[], { readonly detail: string }>(
        `EXPLAIN QUERY PLAN SELECT scope, key FROM remembered_answers
          WHERE scope <> '${REACTORS_SCOPE}' AND recorded_at_ms <= 5 ORDER BY recorded_at_ms LIMIT 200`,
      )
      .all();
    database.close();
    assert.match(plan.map(({ detail }) => detail).join(), /remembered_answers_by_age/);
  });

  test('go on expiring after a step that failed, and with a pause after each step', async () => {
    const stopping = new AbortController();
    const left = [new Error('the disk is full'), 200, 7, 0];
    const sleeps: number[] = [];
    const clock: Clock = {
      ...ownClock,
      sleep: (durationMs) => {
        sleeps.push(durationMs);
        if (left.length === 0) stopping.abort();
        return Promise.resolve();
      },
    };
    const removeExpiredAnswers = (): number => {
      const next = left.shift() ?? 0;
      if (next instanceof Error) throw next;
      return next;
    };
    await expireAnswers({
      store: { removeExpiredAnswers },
      clock,
      logger: silentLogger,
      stopping: stopping.signal,
      ttlMs: TTL_MS,
    });
    assert.equal(sleeps, [60_000, 50, 50, 60_000]);
  });
});

spec('the answers that an older program kept in one space', ({ test }) => {
  const done = (position: number): string => JSON.stringify({ kind: 'done', result: { events: [{ position }] } });
  const rejected = JSON.stringify({ kind: 'rejected', stream: 's', rejection: {} });

  test('go to their callers by the actor of their events, and in the form of a command id to the reactors', async () => {
    const file = newFile();
    const older = openDatabase({ file, synchronous: 'FULL', migrations: storeMigrations.slice(0, 5) });
    older.exec(`INSERT INTO streams VALUES (1, 'note-1')`);
    const event = older.prepare(`INSERT INTO events VALUES (?, 1, ?, 'NoteTaken', 1, 0, 'c', ?, ?, NULL, '{}')`);
    event.run(1, 1, 'request:1', 'ann');
    event.run(2, 2, 'request:2', 'anonymous');
    event.run(3, 3, 'order-o1@1', 'engine');
    event.run(4, 4, 'request:4', 'mallory');
    const insert = older.prepare(`INSERT INTO outcomes VALUES (?, 'hash', ?, 5)`);
    insert.run('a', done(1));
    insert.run('b', done(2));
    insert.run('fulfilment/order-o1@1/confirm', done(3));
    insert.run('fulfilment/order-o2@1/reserve/s1', rejected);
    insert.run(`sha256:${'0'.repeat(64)}`, rejected);
    insert.run('fulfilment/order-victim@1/reserve/s1', done(4));
    insert.run('of nobody', rejected);
    older.close();
    await withStore({ file }, async (store) => {
      const isThere = async (scope: string, key: string) =>
        right(await store.findOutcome({ scope, key })()) !== undefined;
      assert.ok(await isThere('caller/ann', 'a'));
      assert.ok(await isThere('anonymous', 'b'));
      assert.ok(await isThere(REACTORS_SCOPE, 'fulfilment/order-o1@1/confirm'));
      assert.ok(await isThere(REACTORS_SCOPE, 'fulfilment/order-o2@1/reserve/s1'));
      assert.ok(await isThere(REACTORS_SCOPE, `sha256:${'0'.repeat(64)}`));
      // A plain request caused it: it was planted.
      assert.not.ok(await isThere(REACTORS_SCOPE, 'fulfilment/order-victim@1/reserve/s1'));
      assert.ok(await isThere('caller/mallory', 'fulfilment/order-victim@1/reserve/s1'));
    });
    assert.is(countIn(file).length, 6);
  });
});

spec('the reactor token', ({ test }) => {
  test('is made once for a store, is the same for its readers, and another for another store', async () => {
    const files = [newFile(), newFile()];
    const tokens: string[] = [];
    for (const file of [...files, ...files]) {
      const store = await openStore({ file });
      const reader = openEventReader(file);
      assert.is(reader.reactorToken(), store.reactorToken());
      tokens.push(store.reactorToken());
      reader.close();
      await store.close();
    }
    assert.match(tokens[0] ?? '', /^[0-9a-f]{64}$/);
    assert.is(tokens[0], tokens[2]);
    assert.is(tokens[1], tokens[3]);
    assert.is.not(tokens[0], tokens[1]);
  });
});
