/** A handler over a store in memory whose traffic can be watched and disturbed. */
import * as E from 'fp-ts/Either';
import type { EventStore } from '../../../domain/kernel/event-store';
import { commandHandler } from '../../../infra/commands/command-handler';
import type { CommandFailure, CommandRequest, CommandResult } from '../../../infra/commands/command-port';
import { inMemoryEventStore } from '../../../infra/memory/in-memory-event-store';
import { metadata, right } from '../../contracts/event-store-fixtures';
import { tally, tallyCatalog } from './tally';
import { ownClock } from '../../support/test-clock';

export type Outcome = E.Either<CommandFailure, CommandResult>;

/** What a test may change of a request. */
export type RequestOptions = Partial<Pick<CommandRequest, 'expectedVersion' | 'idempotency' | 'dryRun'>>;

/** Calls that reached the store. */
interface Traffic {
  appends: number;
  streamReads: number;
}

export interface HandlerFixture {
  readonly store: EventStore;
  readonly traffic: Traffic;
  readonly handle: (type: string, data?: unknown, options?: RequestOptions) => Promise<Outcome>;
  /** Appends to the stream past the handler, as another process would. */
  readonly appendBeside: (type?: string, data?: unknown, schemaVersion?: number) => Promise<void>;
}

export const STREAM = 'tally-t1';

/**
 * @param disturb wraps the store's append as the handler sees it
 */
export const handlerFixture = (
  disturb: (append: EventStore['append'], store: EventStore) => EventStore['append'] = (append) => append,
  stateCacheSize = 10,
): HandlerFixture => {
  const store = inMemoryEventStore({ clock: ownClock });
  const traffic: Traffic = { appends: 0, streamReads: 0 };
  const disturbed = disturb(store.append, store);
  const watched: EventStore = {
    ...store,
    append: (append) => {
      traffic.appends += 1;
      return disturbed(append);
    },
    readStream: (stream, page) => {
      traffic.streamReads += 1;
      return store.readStream(stream, page);
    },
  };
  const handler = commandHandler({ store: watched, catalog: tallyCatalog, stateCacheSize });
  return {
    store,
    traffic,
    handle: (type, data = {}, options = {}) =>
      handler({ aggregate: tally, command: { type, id: 't1', data }, metadata, dryRun: false, ...options })(),
    appendBeside: async (type = 'ContributionListener', data = { by: 1 }, schemaVersion = 1) => {
      const events = [{ type, schemaVersion, data }];
      right(await store.append({ streams: [{ stream: STREAM, expectedVersion: 'any', events }], metadata })());
    },
  };
};

/** The Left, or a failed test. */
export const failure = (outcome: Outcome): CommandFailure => {
  if (E.isRight(outcome)) throw new Error(`expected a failure, got ${JSON.stringify(outcome.right)}`);
  return outcome.left;
};
