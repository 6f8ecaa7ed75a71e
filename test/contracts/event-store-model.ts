/** A store under any commands, against a model of it that is too simple to be wrong: one list per stream. */
import * as E from 'fp-ts/Either';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { EventStore, ExpectedVersion } from '../../domain/kernel/event-store';
import { everything, metadata, right, type OpenedStore } from './event-store-fixtures';

/** What a command asks for; streams are few, so that commands meet. */
interface AppendCommand {
  readonly streams: ReadonlyArray<{
    readonly stream: string;
    readonly expectedVersion: ExpectedVersion;
    readonly notes: ReadonlyArray<string>;
  }>;
  readonly key: string | undefined;
}

const SEED = 20_180_301;
const RUNS = 60;

const expectedVersion: fc.Arbitrary<ExpectedVersion> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('any' as const) },
  { weight: 1, arbitrary: fc.constantFrom('noStream' as const, 'streamExists' as const) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 4 }) },
);

const appendCommand: fc.Arbitrary<AppendCommand> = fc.record({
  streams: fc.uniqueArray(
    fc.record({
      stream: fc.constantFrom('note-1', 'note-2', 'item-1'),
      expectedVersion,
      notes: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 }),
    }),
    { maxLength: 3, selector: ({ stream }) => stream },
  ),
  key: fc.option(fc.constantFrom('key-1', 'key-2', 'key-3'), { nil: undefined, freq: 3 }),
});

/** Groups of commands: those of a group are sent without waiting for each other. */
const groups = fc.array(fc.array(appendCommand, { minLength: 1, maxLength: 5 }), { maxLength: 8 });

interface Model {
  readonly streams: Map<string, string[]>;
  readonly all: string[];
  readonly keys: Set<string>;
}

const holds = (expected: ExpectedVersion, version: number): boolean =>
  expected === 'any' ||
  (expected === 'noStream' && version === 0) ||
  (expected === 'streamExists' && version > 0) ||
  expected === version;

/** What the store should answer: the ids of what was appended, or the failure's tag. */
const applyToModel = (model: Model, { streams, key }: AppendCommand): ReadonlyArray<string> | string => {
  for (const { stream, expectedVersion: expected } of streams) {
    if (!holds(expected, model.streams.get(stream)?.length ?? 0)) return 'VersionConflict';
  }
  if (key !== undefined && model.keys.has(key)) return 'OutcomeAlreadyRecorded';
  if (key !== undefined) model.keys.add(key);
  return streams.flatMap(({ stream, notes }) => {
    const list = model.streams.get(stream) ?? [];
    if (notes.length > 0) model.streams.set(stream, list);
    return notes.map((note) => {
      list.push(note);
      model.all.push(JSON.stringify({ note }));
      return `${stream}@${list.length}`;
    });
  });
};

const applyToStore = async (store: EventStore, { streams, key }: AppendCommand): Promise<unknown> => {
  const answer = await store.append({
    streams: streams.map(({ notes, ...each }) => ({
      ...each,
      events: notes.map((note) => ({ type: 'NoteTaken', schemaVersion: 1, data: { note } })),
    })),
    metadata,
    ...(key === undefined ? {} : { outcome: () => ({ scope: 'model', key, requestHash: 'hash', response: '{}' }) }),
  })();
  return E.isRight(answer) ? answer.right.map(({ id }) => id) : answer.left._tag;
};

/** Runs random groups of commands against the store and the model; throws where they disagree. */
export const eventStoreModel = async (open: () => Promise<OpenedStore>): Promise<void> => {
  await fc.assert(
    fc.asyncProperty(groups, async (sequence) => {
      const { store, close } = await open();
      try {
        const model: Model = { streams: new Map(), all: [], keys: new Set() };
        for (const group of sequence) {
          const answers = await Promise.all(group.map((command) => applyToStore(store, command)));
          assert.equal(
            answers,
            group.map((command) => applyToModel(model, command)),
          );
        }
        assert.equal(
          (await everything(store)).map(({ payload }) => payload),
          model.all,
        );
        for (const [stream, notes] of model.streams) {
          const stored = right(await store.readStream(stream, { afterVersion: 0, limit: 1_000 })());
          assert.equal(
            stored.map(({ payload, version }) => [payload, version]),
            notes.map((note, index) => [JSON.stringify({ note }), index + 1]),
          );
        }
      } finally {
        await close();
      }
    }),
    // A failure prints the seed and the shortest sequence that fails.
    { seed: SEED, numRuns: RUNS },
  );
};
