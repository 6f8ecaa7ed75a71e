/** Handles commands: fold the stream, decide, append at exactly the version that was decided on. */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Rejection } from '../../domain/kernel/decider';
import type { Append, EventStore, RequestOutcome } from '../../domain/kernel/event-store';
import { streamName } from '../../domain/kernel/recorded-event';
import type { CommandFailure, CommandRequest, CommandResult, HandleCommand } from './command-port';
import { decisionOn, type Answer, type AppendDecision } from './decision';
import type { SnapshotStore } from './snapshots';
import { streamStates, type StreamStates } from './stream-state';

export interface CommandHandlerOptions {
  readonly store: EventStore;
  readonly catalog: Catalog;
  /** How many streams' states are kept in memory; 0 for none. */
  readonly stateCacheSize: number;
  /** What those states may hold together; left out means STATE_CACHE_BYTES. */
  readonly stateCacheBytes?: number;
  /** Absent: a stream that is not in memory is read from its beginning. */
  readonly snapshots?: SnapshotStore;
}

type Response = E.Either<CommandFailure, CommandResult>;

/** Undefined: the stream has moved under the command, decide again. */
type Attempt = Response | undefined;

/** Commands of one stream wait for each other here, so only a writer beside this handler makes a command try again. */
const MAX_ATTEMPTS = 8;

/** A handler over a store that this process writes. */
export const commandHandler = ({
  store,
  catalog,
  stateCacheSize,
  stateCacheBytes,
  snapshots,
}: CommandHandlerOptions): HandleCommand => {
  const states = streamStates(store, catalog, stateCacheSize, snapshots, stateCacheBytes);
  const inStreamOrder = streamQueue();
  const keysInProgress = new Set<string>();

  const attemptRepeatedly = async (stream: string, request: CommandRequest): Promise<Response> => {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
      const remembered = await findAnswer(store, request);
      if (remembered !== undefined) return remembered;
      const attempt = await attemptOnce(store, states, stream, request);
      if (attempt !== undefined) return attempt;
      states.forget(stream);
    }
    return E.left({ _tag: 'ConcurrentChange', stream, attempts: MAX_ATTEMPTS });
  };

  return (request) => async () => {
    const stream = streamName(request.aggregate.category, request.command.id);
    const handle = (): Promise<Response> => inStreamOrder(stream, () => attemptRepeatedly(stream, request));
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

/** The answer that the request's key already has. A dry run is never a repeat: it leaves nothing behind. */
const findAnswer = async (store: EventStore, { idempotency, dryRun }: CommandRequest): Promise<Attempt> => {
  if (idempotency === undefined || dryRun) return undefined;
  const found = await store.findOutcome(idempotency)();
  if (E.isLeft(found)) return found;
  return found.right === undefined ? undefined : replay(found.right, idempotency);
};

const attemptOnce = async (
  store: EventStore,
  states: StreamStates,
  stream: string,
  request: CommandRequest,
): Promise<Attempt> => {
  const loaded = await states.load(stream, request.aggregate);
  if (E.isLeft(loaded)) return loaded;
  const { state, source } = loaded.right;
  const decision = decisionOn(state, stream, request);
  if (decision._tag === 'Append') return commit(store, states, stream, request, decision);
  // Without an append nothing checks the version, so an answer that rests on memory needs a look at the stream.
  const response = decision._tag === 'Refusal' ? E.left(decision.failure) : responseOf(decision.answer, false);
  if (source === 'read') return response;
  const current = await states.advance(stream, state);
  if (E.isLeft(current)) return current;
  return current.right.version === state.version ? response : undefined;
};

const commit = async (
  store: EventStore,
  states: StreamStates,
  stream: string,
  { aggregate, metadata, idempotency }: CommandRequest,
  { events, expectedVersion, answer, nextState }: AppendDecision,
): Promise<Attempt> => {
  const streams = [{ stream, expectedVersion: expectedVersion === 0 ? 'noStream' : expectedVersion, events }] as const;
  const append: Append =
    idempotency === undefined
      ? { streams, metadata }
      : { streams, metadata, outcome: (appended) => outcomeOfAnswer(idempotency, answer(appended)) };
  const appended = await store.append(append)();
  if (E.isRight(appended)) {
    states.remember(stream, nextState(appended.right), aggregate, events);
    return responseOf(answer(appended.right), false);
  }
  switch (appended.left._tag) {
    // The next attempt reads the stream afresh; where the caller named a version (If-Match), it finds the mismatch.
    case 'VersionConflict':
    // The next attempt finds the answer under the key.
    case 'OutcomeAlreadyRecorded':
      return undefined;
    case 'EventTooLarge':
    case 'StoreOverloaded':
    case 'StoreUnavailable':
      return E.left(appended.left);
  }
};

// -------------------------------------------------------------------------------------
// The answer to a command, stored with its idempotency key: a repeat gets the same one
// -------------------------------------------------------------------------------------

/** Storage format, version with care: answers outlive the program that stored them. */
type RememberedAnswer =
  | { readonly kind: 'done'; readonly result: Omit<CommandResult, 'replayed'> }
  | { readonly kind: 'rejected'; readonly stream: string; readonly rejection: Rejection };

/** The row that remembers an answer. */
const outcomeOfAnswer = (
  { scope, key, requestHash }: NonNullable<CommandRequest['idempotency']>,
  answer: Answer,
): RequestOutcome => {
  const remembered: RememberedAnswer = E.isRight(answer)
    ? { kind: 'done', result: answer.right }
    : { kind: 'rejected', ...answer.left };
  return { scope, key, requestHash, response: JSON.stringify(remembered) };
};

/** The remembered answer once more; or that the key was used for another request. */
const replay = ({ key, requestHash, response }: RequestOutcome, asked: { readonly requestHash: string }): Response => {
  if (requestHash !== asked.requestHash) return E.left({ _tag: 'KeyReused', key });
  // Written by outcomeOfAnswer, and by nothing else.
  const remembered = JSON.parse(response) as RememberedAnswer;
  return responseOf(remembered.kind === 'done' ? E.right(remembered.result) : E.left(remembered), true);
};

/** An answer as the port returns it. */
const responseOf = (answer: Answer, replayed: boolean): Response =>
  E.isRight(answer)
    ? E.right({ ...answer.right, replayed })
    : E.left({ _tag: 'Rejected', stream: answer.left.stream, rejection: answer.left.rejection, replayed });

// -------------------------------------------------------------------------------------
// Commands of one stream, one after the other
// -------------------------------------------------------------------------------------

/** Runs `work` once every earlier work on the same stream has ended. */
type InStreamOrder = <Result>(stream: string, work: () => Promise<Result>) => Promise<Result>;

/** Commands of one stream one after the other, in the order they came: a queue per stream that has work, and none for the rest. */
const streamQueue = (): InStreamOrder => {
  const tails = new Map<string, Promise<unknown>>();
  return (stream, work) => {
    const before = tails.get(stream);
    // The work before has its own caller to tell of its failure.
    const result = before === undefined ? work() : before.then(work, work);
    tails.set(stream, result);
    const forget = (): void => {
      if (tails.get(stream) === result) tails.delete(stream);
    };
    result.then(forget, forget);
    return result;
  };
};
