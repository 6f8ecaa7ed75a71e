/** What every event store must do, told as tests: the SQLite store and the one in memory pass the same sentences. */
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import type { Append, AppendFailure, ExpectedVersion, RequestOutcome } from '../../domain/kernel/event-store';
import { spec } from '../spec';
import {
  appendTo,
  event,
  everything,
  ids,
  metadata,
  right,
  type OpenedStore,
  type WithStore,
} from './event-store-fixtures';
import { storeMisuse } from './event-store-misuse';
import { eventStoreModel } from './event-store-model';

const failureOf = (answer: E.Either<AppendFailure, unknown>): AppendFailure => {
  if (E.isRight(answer)) throw new Error(`expected a failure, got ${JSON.stringify(answer.right)}`);
  return answer.left;
};

/** Registers the contract for one implementation. */
export const eventStoreContract = (name: string, open: () => Promise<OpenedStore>): void => {
  const withStore: WithStore = (body) => async () => {
    const { store, close } = await open();
    try {
      await body(store);
    } finally {
      await close();
    }
  };
  appending(name, withStore);
  reading(name, withStore);
  outcomes(name, withStore);
  storeMisuse(name, withStore);
  spec(`${name}: any sequence of commands`, ({ test }) => {
    test('agrees with a model of one list per stream', () => eventStoreModel(open), { timeoutMs: 60_000 });
  });
};

const appending = (name: string, withStore: WithStore): void => {
  spec(`${name}: appending`, ({ test }) => {
    test(
      'numbers a stream from 1 and the store from 1, and answers complete envelopes',
      withStore(async (store) => {
        const appended = right(
          await store.append({
            streams: [{ stream: 'note-1', expectedVersion: 'noStream', events: [event('a'), event('b', 'NoteKept')] }],
            metadata: { ...metadata, traceparent: '00-trace-01' },
          })(),
        );
        const shared = {
          stream: 'note-1',
          schemaVersion: 1,
          recordedAt: '2018-03-01T12:30:45.678Z',
          ...metadata,
          traceparent: '00-trace-01',
        };
        const expected = [
          { id: 'note-1@1', version: 1, position: 1, type: 'NoteTaken', ...shared },
          { id: 'note-1@2', version: 2, position: 2, type: 'NoteKept', ...shared },
        ];
        assert.equal(appended, expected);
        assert.equal(right(await store.readStream('note-1', { afterVersion: 0, limit: 10 })()), [
          { ...expected[0], payload: '{"note":"a"}' },
          { ...expected[1], payload: '{"note":"b"}' },
        ]);
      }),
    );

    test(
      'leaves the traceparent out where the request had none',
      withStore(async (store) => {
        const [appended] = right(await store.append(appendTo('note-1', 'any'))());
        const [stored] = await everything(store);
        assert.not.ok('traceparent' in (appended ?? {}));
        assert.not.ok('traceparent' in (stored ?? {}));
      }),
    );

    const expectations: ReadonlyArray<[ExpectedVersion, number, boolean]> = [
      ['any', 0, true],
      ['any', 2, true],
      ['noStream', 0, true],
      ['noStream', 2, false],
      ['streamExists', 0, false],
      ['streamExists', 2, true],
      [0, 0, true],
      [0, 2, false],
      [2, 2, true],
      [1, 2, false],
      [3, 2, false],
      [1, 0, false],
    ];
    for (const [expectedVersion, actualVersion, holds] of expectations) {
      test(
        `expecting ${expectedVersion} of a stream at version ${actualVersion} ${holds ? 'appends' : 'is a conflict that names the version'}`,
        withStore(async (store) => {
          const before = Array.from({ length: actualVersion }, () => event());
          right(await store.append(appendTo('note-1', 'any', before))());
          const answer = await store.append(appendTo('note-1', expectedVersion))();
          if (holds) assert.equal(ids(right(answer)), [`note-1@${actualVersion + 1}`]);
          else {
            const conflict = { _tag: 'VersionConflict', stream: 'note-1', expectedVersion, actualVersion };
            assert.equal(failureOf(answer), conflict);
          }
          assert.is((await everything(store)).length, actualVersion + (holds ? 1 : 0));
        }),
      );
    }

    test(
      'appends to several streams in one go, in the order given',
      withStore(async (store) => {
        const streams = ['note-a', 'note-b'].map((stream) => ({
          stream,
          expectedVersion: 'noStream' as const,
          events: [event(), event()],
        }));
        const appended = right(await store.append({ streams, metadata })());
        assert.equal(ids(appended), ['note-a@1', 'note-a@2', 'note-b@1', 'note-b@2']);
        assert.equal(
          appended.map(({ position }) => position),
          [1, 2, 3, 4],
        );
      }),
    );

    test(
      'appends to none of several streams where one is not as expected',
      withStore(async (store) => {
        right(await store.append(appendTo('note-b', 'noStream'))());
        const answer = await store.append({
          streams: [
            { stream: 'note-a', expectedVersion: 'noStream', events: [event()] },
            { stream: 'note-b', expectedVersion: 'noStream', events: [event()] },
          ],
          metadata,
        })();
        assert.is(failureOf(answer)._tag, 'VersionConflict');
        assert.equal(ids(await everything(store)), ['note-b@1']);
        assert.equal(ids(right(await store.append(appendTo('note-a', 'noStream'))())), ['note-a@1']);
      }),
    );

    test(
      'lets appends that wait together succeed or fail alone, each seeing those before it',
      withStore(async (store) => {
        const answers = await Promise.all([
          store.append(appendTo('note-1', 'noStream'))(),
          store.append(appendTo('note-1', 'noStream'))(),
          store.append(appendTo('note-2', 5))(),
          store.append(appendTo('note-1', 1))(),
          store.append(appendTo('note-2', 'noStream'))(),
        ]);
        assert.equal(answers.map(E.isRight), [true, false, false, true, true]);
        assert.equal(ids(await everything(store)), ['note-1@1', 'note-1@2', 'note-2@1']);
      }),
    );

    test(
      'keeps positions gapless, in commit order, over many concurrent appends to many streams',
      withStore(async (store) => {
        const answers = await Promise.all(
          Array.from({ length: 300 }, (_, index) => {
            const events = Array.from({ length: index % 4 }, () => event(index));
            return store.append(appendTo(`note-${index % 17}`, index % 5 === 0 ? 'noStream' : 'any', events))();
          }),
        );
        const acknowledged = answers.filter(E.isRight).flatMap(({ right: envelopes }) => envelopes);
        const stored = await everything(store);
        assert.equal(
          stored.map(({ position }) => position),
          stored.map((_, index) => index + 1),
        );
        assert.equal(ids(stored), ids([...acknowledged].sort((one, other) => one.position - other.position)));
        const versions = new Map<string, number>();
        for (const { stream, version } of stored) {
          assert.is(version, (versions.get(stream) ?? 0) + 1);
          versions.set(stream, version);
        }
      }),
    );

    test(
      'takes an append without events: it checks the version and writes nothing',
      withStore(async (store) => {
        assert.equal(right(await store.append(appendTo('note-1', 'noStream', []))()), []);
        assert.is(failureOf(await store.append(appendTo('note-1', 'streamExists', []))())._tag, 'VersionConflict');
        assert.equal(right(await store.append({ streams: [], metadata })()), []);
        assert.is(right(await store.lastPosition()()), 0);
      }),
    );

    test(
      'stores what the payload was when it was appended, in any script',
      withStore(async (store) => {
        const data = { note: 'Grüße, 東京 🚢 \u0000 "quoted" \\ \n \ud800', list: [1.5, null, { deep: true }] };
        const expected = JSON.stringify(data);
        const pending = store.append(appendTo('note-ünï', 'any', [{ type: 'NoteTaken', schemaVersion: 3, data }]))();
        data.note = 'changed while it waited';
        right(await pending);
        const [stored] = right(await store.readStream('note-ünï', { afterVersion: 0, limit: 1 })());
        assert.is(stored?.payload, expected);
        assert.is(stored?.schemaVersion, 3);
        assert.is(stored?.id, 'note-ünï@1');
      }),
    );
  });
};

const reading = (name: string, withStore: WithStore): void => {
  spec(`${name}: reading`, ({ test }) => {
    test(
      'answers nothing for a stream, an event or a position that is not there',
      withStore(async (store) => {
        right(await store.append(appendTo('note-1', 'any'))());
        assert.equal(right(await store.readStream('note-2', { afterVersion: 0, limit: 10 })()), []);
        assert.equal(right(await store.readStream('note-1', { afterVersion: 1, limit: 10 })()), []);
        assert.equal(right(await store.readAll({ afterPosition: 1, limit: 10 })()), []);
        for (const id of ['note-2@1', 'note-1@2', 'note-1@0', 'note-1', '@1', '', 'note-1@x']) {
          assert.is(right(await store.positionOf(id)()), undefined, id);
        }
      }),
    );

    test(
      'pages through a stream and through everything without losing or repeating an event',
      withStore(async (store) => {
        for (let round = 0; round < 12; round += 1) {
          right(await store.append(appendTo('note-1', 'any', [event(round), event(round)]))());
          right(await store.append(appendTo('note-2', 'any'))());
        }
        const versions: number[] = [];
        for (;;) {
          const page = right(await store.readStream('note-1', { afterVersion: versions.at(-1) ?? 0, limit: 5 })());
          assert.ok(page.length <= 5);
          if (page.length === 0) break;
          versions.push(...page.map(({ version }) => version));
        }
        assert.equal(
          versions,
          Array.from({ length: 24 }, (_, index) => index + 1),
        );
        assert.is((await everything(store)).length, 36);
      }),
    );

    test(
      'finds the position of an event by its identity, and the last position',
      withStore(async (store) => {
        assert.is(right(await store.lastPosition()()), 0);
        for (const stream of ['note-1', 'note-2', 'note-1']) right(await store.append(appendTo(stream, 'any'))());
        assert.is(right(await store.positionOf('note-1@2')()), 3);
        assert.is(right(await store.positionOf('note-2@1')()), 2);
        assert.is(right(await store.lastPosition()()), 3);
      }),
    );

    test(
      'takes an id that holds a dash or an at sign',
      withStore(async (store) => {
        right(await store.append(appendTo('note-a-b@7', 'any'))());
        assert.is(right(await store.positionOf('note-a-b@7@1')()), 1);
        assert.is(right(await store.positionOf('note-a-b@7')()), undefined);
      }),
    );
  });
};

const outcomes = (name: string, withStore: WithStore): void => {
  const scope = 'caller/ann';
  const remember = (key: string, response = 'the answer'): RequestOutcome => ({
    scope,
    key,
    requestHash: 'hash',
    response,
  });

  spec(`${name}: remembered outcomes`, ({ test }) => {
    test(
      'are made from the envelopes and written with the events',
      withStore(async (store) => {
        assert.is(right(await store.findOutcome({ scope, key: 'key-1' })()), undefined);
        const append = appendTo('note-1', 'any');
        right(await store.append({ ...append, outcome: (made) => remember('key-1', ids(made).join()) })());
        assert.equal(right(await store.findOutcome({ scope, key: 'key-1' })()), remember('key-1', 'note-1@1'));
      }),
    );

    test(
      'are kept where there is no event to write',
      withStore(async (store) => {
        assert.equal(right(await store.append({ streams: [], metadata, outcome: () => remember('key-1') })()), []);
        right(await store.append({ ...appendTo('note-1', 'noStream', []), outcome: () => remember('key-2') })());
        assert.equal(right(await store.findOutcome({ scope, key: 'key-1' })()), remember('key-1'));
        assert.equal(right(await store.findOutcome({ scope, key: 'key-2' })()), remember('key-2'));
      }),
    );

    test(
      'are written once: a second append under the key writes nothing, alone or in the same group',
      withStore(async (store) => {
        const append = (stream: string): Append => ({ ...appendTo(stream, 'any'), outcome: () => remember('key-1') });
        const together = await Promise.all([store.append(append('note-1'))(), store.append(append('note-2'))()]);
        assert.equal(together.map(E.isRight), [true, false]);
        const later = await store.append(append('note-3'))();
        assert.equal(failureOf(later), { _tag: 'OutcomeAlreadyRecorded', scope, key: 'key-1' });
        assert.equal(ids(await everything(store)), ['note-1@1']);
      }),
    );

    test(
      'belong to their scope: the same key in another one, or in another case, is another key',
      withStore(async (store) => {
        const keys = [
          { scope, key: 'key-1' },
          { scope: 'caller/bob', key: 'key-1' },
          { scope, key: 'KEY-1' },
          { scope: 'caller', key: '/annkey-1' },
        ];
        for (const [index, each] of keys.entries()) {
          assert.is(right(await store.findOutcome(each)()), undefined);
          const outcome = { ...each, requestHash: 'hash', response: `answer ${index}` };
          right(await store.append({ streams: [], metadata, outcome: () => outcome })());
        }
        for (const [index, each] of keys.entries())
          assert.is(right(await store.findOutcome(each)())?.response, `answer ${index}`);
      }),
    );

    test(
      'are not written where the append is a conflict',
      withStore(async (store) => {
        const answer = await store.append({ ...appendTo('note-1', 4), outcome: () => remember('key-1') })();
        assert.is(failureOf(answer)._tag, 'VersionConflict');
        assert.is(right(await store.findOutcome({ scope, key: 'key-1' })()), undefined);
      }),
    );

    test(
      'that throw, or are no text, fail their own append only',
      withStore(async (store) => {
        const broken = (outcome: () => RequestOutcome): Append => ({ ...appendTo('note-1', 'any'), outcome });
        const thrown = (): RequestOutcome => {
          throw new Error('no answer');
        };
        const [first, second, third] = await Promise.allSettled([
          store.append(broken(thrown))(),
          store.append(broken(() => ({ ...remember('key-1'), response: undefined as unknown as string })))(),
          store.append(appendTo('note-2', 'any'))(),
        ]);
        assert.match(String(first.status === 'rejected' ? first.reason : ''), 'no answer');
        assert.ok(second.status === 'rejected' && second.reason instanceof TypeError);
        assert.ok(third.status === 'fulfilled' && E.isRight(third.value));
        assert.equal(ids(await everything(store)), ['note-2@1']);
      }),
    );
  });
};
