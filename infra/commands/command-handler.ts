/** Handles commands: fold the stream, decide, append at exactly the version that the decision was based on. */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Append, EventStore } from '../../domain/kernel/event-store';
import { streamName } from '../../domain/kernel/recorded-event';
import type { CommandFailure, CommandRequest, CommandResult, HandleCommand } from './command-port';
import { decide, type AppendDecision } from './decision';
import { toResult, toStoredOutcome, replay } from './remembered-response';
import type { SnapshotStore } from './snapshots';
import { streamQueue } from './stream-queue';
import { foldedStreams, type FoldedStreams } from './folded-streams';

export interface CommandHandlerOptions {
  readonly store: EventStore;
  readonly catalog: Catalog;
  /** Number of streams whose states are cached; 0 for none. */
  readonly stateCacheSize: number;
  /** Upper limit on the size of the cached states; by default STATE_CACHE_BYTES. */
  readonly stateCacheBytes?: number;
  /** Absent: a stream that is not cached is read from its first event. */
  readonly snapshots?: SnapshotStore;
}

type RememberedResponse = E.Either<CommandFailure, CommandResult>;

/** Undefined: the stream has changed meanwhile, decide again. */
type Attempt = RememberedResponse | undefined;

/** Commands of one stream are queued, so only another writer of the store causes a retry. */
const MAX_ATTEMPTS = 8;

/** Creates the handler of a store that this process writes. */
export const commandHandler = ({
  store,
  catalog,
  stateCacheSize,
  stateCacheBytes,
  snapshots,
}: CommandHandlerOptions): HandleCommand => {
  const states = foldedStreams(store, catalog, stateCacheSize, snapshots, stateCacheBytes);
  const inStreamOrder = streamQueue();
  const keysInProgress = new Set<string>();

  const attemptRepeatedly = async (stream: string, request: CommandRequest): Promise<RememberedResponse> => {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
      const remembered = await findResponse(store, request);
      if (remembered !== undefined) return remembered;
      const attempt = await attemptOnce(store, states, stream, request);
      if (attempt !== undefined) return attempt;
      states.forget(stream);
    }
    return E.left({ _tag: 'ConcurrentChange', stream, attempts: MAX_ATTEMPTS });
  };

  return (request) => async () => {
    const stream = streamName(request.aggregate.category, request.command.id);
    const handle = (): Promise<RememberedResponse> => inStreamOrder(stream, () => attemptRepeatedly(stream, request));
    if (request.idempotency === undefined || request.dryRun) return handle();
    const { scope, key } = request.idempotency;
    const scopedKey = JSON.stringify([scope, key]);
    if (keysInProgress.has(scopedKey)) return E.left({ _tag: 'KeyInProgress', key });
    keysInProgress.add(scopedKey);
    try {
      return await handle();
    } finally {
      keysInProgress.delete(scopedKey);
    }
  };
};

/** Looks up the remembered response to the request's key. A dry run is never a repeat: it stores nothing. */
const findResponse = async (store: EventStore, { idempotency, dryRun }: CommandRequest): Promise<Attempt> => {
  if (idempotency === undefined || dryRun) return undefined;
  const found = await store.findOutcome(idempotency)();
  if (E.isLeft(found)) return found;
  return found.right === undefined ? undefined : replay(found.right, idempotency);
};

const attemptOnce = async (
  store: EventStore,
  states: FoldedStreams,
  stream: string,
  request: CommandRequest,
): Promise<Attempt> => {
  const loaded = await states.load(stream, request.aggregate);
  if (E.isLeft(loaded)) return loaded;
  const { state, source } = loaded.right;
  const plan = decide(state, stream, request);
  if (plan._tag === 'Append') return commit(store, states, stream, request, plan);
  // Without an append nothing checks the version, so a response based on a cached state needs a check of the stream.
  if (source === 'read') return plan.result;
  const current = await states.advance(stream, state);
  if (E.isLeft(current)) return current;
  return current.right.version === state.version ? plan.result : undefined;
};

const commit = async (
  store: EventStore,
  states: FoldedStreams,
  stream: string,
  { aggregate, metadata, idempotency }: CommandRequest,
  { events, expectedVersion, outcome, nextState }: AppendDecision,
): Promise<Attempt> => {
  const streams = [{ stream, expectedVersion: expectedVersion === 0 ? 'noStream' : expectedVersion, events }] as const;
  const append: Append =
    idempotency === undefined
      ? { streams, metadata }
      : { streams, metadata, outcome: (appended) => toStoredOutcome(idempotency, outcome(appended)) };
  const appended = await store.append(append)();
  if (E.isRight(appended)) {
    states.remember(stream, nextState(appended.right), aggregate, events);
    return toResult(outcome(appended.right), false);
  }
  switch (appended.left._tag) {
    // The next attempt reads the stream again; with If-Match, it detects the mismatch.
    case 'VersionConflict':
    // The next attempt finds the response by the key.
    case 'OutcomeAlreadyRecorded':
      return undefined;
    case 'EventTooLarge':
    case 'StoreOverloaded':
    case 'StoreUnavailable':
      return E.left(appended.left);
  }
};
