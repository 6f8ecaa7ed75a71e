/** Mistakes of the calling program: they throw, at once, and harm nobody else. Part of the store's contract. */
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import type { Append } from '../../domain/kernel/event-store';
import { spec } from '../spec';
import { appendTo, event, everything, ids, metadata, type WithStore } from './event-store-fixtures';

const rejection = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('expected a throw');
};

/** Registers that part of the contract. */
export const storeMisuse = (name: string, withStore: WithStore): void => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const badAppends: ReadonlyArray<[string, Append]> = [
    ['a stream without a name', appendTo('', 'any')],
    ['a stream without a category', appendTo('note', 'any')],
    ['a stream with an empty category', appendTo('-1', 'any')],
    ['a stream with an empty id', appendTo('note-', 'any')],
    ['a stream with a control character', appendTo('note-\u0000', 'any')],
    ['a stream with half a surrogate pair', appendTo('note-\ud800', 'any')],
    ['a huge stream name', appendTo(`note-${'x'.repeat(300)}`, 'any')],
    ['a negative expected version', appendTo('note-1', -1)],
    ['a fractional expected version', appendTo('note-1', 1.5)],
    ['a payload that is undefined', appendTo('note-1', 'any', [{ ...event(), data: undefined }])],
    ['a payload with a bigint', appendTo('note-1', 'any', [event(1n)])],
    ['a payload with a circle', appendTo('note-1', 'any', [event(circle)])],
    ['an event without a type', appendTo('note-1', 'any', [event('a', '')])],
    ['a schema version of 0', appendTo('note-1', 'any', [{ ...event(), schemaVersion: 0 }])],
    [
      'the same stream twice',
      { streams: [...appendTo('note-1', 'any').streams, ...appendTo('note-1', 'any').streams], metadata },
    ],
    ['an actor that is no text', { ...appendTo('note-1', 'any'), metadata: { ...metadata, actor: 7 as never } }],
  ];

  spec(`${name}: mistakes of the calling program`, ({ test }) => {
    for (const [what, append] of badAppends) {
      test(
        `${what}: throws, writes nothing, and harms no append beside it`,
        withStore(async (store) => {
          const [bad, good] = await Promise.allSettled([
            store.append(append)(),
            store.append(appendTo('note-9', 'any'))(),
          ]);
          assert.ok(bad.status === 'rejected');
          assert.ok(bad.reason instanceof TypeError || bad.reason instanceof RangeError);
          assert.ok(good.status === 'fulfilled' && E.isRight(good.value));
          assert.equal(ids(await everything(store)), ['note-9@1']);
        }),
      );
    }

    test(
      'a page that cannot be: throws',
      withStore(async (store) => {
        for (const [after, limit] of [
          [0, 0],
          [0, -1],
          [0, 1.5],
          [-1, 1],
          [Number.NaN, 1],
        ] as const) {
          assert.instance(await rejection(() => store.readAll({ afterPosition: after, limit })()), RangeError);
          assert.instance(
            await rejection(() => store.readStream('note-1', { afterVersion: after, limit })()),
            RangeError,
          );
        }
      }),
    );
  });
};
