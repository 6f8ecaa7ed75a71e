/**
 * Carries out operators' requests inside the role that owns the file: it picks them up from the store, and redrives dead letters
 * in bounded transactions, so that a crash leaves every step done or not done.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import { RequestRefused, type OperationKind, type OperationRequest } from '../../commands/operation-requests';
import {
  type EventHandler,
  failureOf,
  isAttributable,
  type StoreFactsWithStreams,
} from '../../consumption/intake/intake';
import type { EventFeed } from '../../event-store/event-feed';
import type { AuditContext, DeadLetterRows } from '../store/store';
import { isUnresolved, streamDrain, type DrainResult, type DrainStream } from './drain-stream';
import type { DeadLetterTables } from './consumer-file';
import { deadLetterKinds, groupOfRequest, readDeadLetterRequest, type DeadLetterRequest } from './requests';
import type { RedriveKey, RedriveRows, RunningRedrive } from './redrives';

export interface OperatorRequestOptions {
  readonly tables: DeadLetterTables;
  readonly catalog: Catalog;
  readonly store: () => Pick<StoreFactsWithStreams, 'readStream' | 'identity'>;
  /** Requests of other kinds to the role. */
  readonly otherRequests?: OtherRequests | undefined;
}

/** Requests of other kinds, which the role carries out in the same sequence. */
export interface OtherRequests {
  readonly kinds: ReadonlyArray<OperationKind>;
  /** Throws RequestRefused. */
  readonly carryOut: (request: OperationRequest) => void;
}

/** The result of a step. */
export interface RedriveStep {
  /** Events processed; undefined where there is nothing to do. */
  readonly events: number | undefined;
  /** The requested rate. */
  readonly ratePerSecond: number;
}

/** All calls but the first belong inside the caller's transaction. */
export interface OperatorRequestProcessor {
  /** Reads the requests after the last one that was carried out. */
  readonly newRequests: (feed: Pick<EventFeed, 'requestsAfter'>) => Promise<ReadonlyArray<OperationRequest>>;
  /**
   * Carries out the requests about `groups`, the groups of this file. A request that cannot be carried out is recorded as failed
   * and does not affect the others. Requests that were carried out before are skipped. Returns the number of new ones.
   */
  readonly takeRequests: (requests: ReadonlyArray<OperationRequest>, groups: ReadonlySet<string>) => number;
  /** Processes the next few events that are to be redriven in a group. */
  readonly step: (handler: EventHandler) => RedriveStep;
  readonly letters: DeadLetterRows;
}

/** Upper limit on the events of one transaction, as the file's only writer is busy until it commits. */
const MAX_EVENTS_PER_STEP = 200;
/** The rate for streams whose dead letter was discarded, or whose redrive is not running any longer. */
const DEFAULT_RATE_PER_SECOND = 1_000;
/** A step processes the events of a quarter of a second at the requested rate. */
const STEPS_PER_SECOND = 4;

/** Makes the processor on the tables of a consumer's file. */
export const operatorRequestProcessor = (options: OperatorRequestOptions): OperatorRequestProcessor => {
  const { tables, otherRequests } = options;
  const { letters, redrives, parked, requests: cursor, noteFailedRequest: noteFailed, savepoint } = tables;
  const drain = streamDrain({ ...options, ...tables, rows: letters });
  const context = { drain, redrives, letters };
  const kinds = [...deadLetterKinds, ...(otherRequests?.kinds ?? [])];

  const carryOut = (request: OperationRequest, groups: ReadonlySet<string>): void => {
    if (otherRequests?.kinds.includes(request.kind) === true) {
      otherRequests.carryOut(request);
      return;
    }
    const group = groupOfRequest(request);
    // A request about a group of another file is left to its role; one that names no group has to fail here.
    if (group !== undefined && !groups.has(group)) return;
    carryOutDeadLetterRequest(letters, redrives, request, readDeadLetterRequest(request));
  };

  return {
    letters,
    newRequests: (feed) => feed.requestsAfter(cursor.position(), kinds),
    takeRequests: (requests, groups) => {
      const taken = cursor.position();
      const fresh = requests.filter(({ id }) => id > taken);
      for (const request of fresh) {
        try {
          savepoint(() => carryOut(request, groups));
        } catch (error) {
          if (!isAttributable(error)) throw error;
          noteFailed(request, failureOf(error).reason);
        }
        cursor.moveTo(request.id);
      }
      return fresh.length;
    },
    step: (handler) => {
      // Streams whose dead letter is resolved come first: only their parked events are left.
      const stream = parked.withResolvedFirst(handler.consumer);
      if (stream !== undefined) return drainParked(context, handler, stream);
      const running = redrives.running().find(({ consumer }) => consumer === handler.consumer);
      return running === undefined ? NOTHING_TO_DO : redriveNextStream(context, running, handler);
    },
  };
};

/** The result of a group that has nothing to redrive. */
export const NOTHING_TO_DO: RedriveStep = { events: undefined, ratePerSecond: DEFAULT_RATE_PER_SECOND };

const carryOutDeadLetterRequest = (
  letters: DeadLetterRows,
  redrives: RedriveRows,
  { id, actor }: OperationRequest,
  request: DeadLetterRequest,
): void => {
  const context: AuditContext = { actor, requestId: id };
  switch (request.kind) {
    case 'redrive-plan':
      redrives.plan(id, actor, request);
      return;
    case 'redrive-run':
    case 'redrive-pause':
      if (!redrives.isPlanned(request.redrive, request.group)) {
        throw new RequestRefused(`${request.group} has no redrive ${request.redrive}`);
      }
      if (request.kind === 'redrive-run') redrives.run(request.redrive);
      else redrives.pause(request.redrive);
      return;
    default:
  }
  const letter = letters.find(request.letter);
  if (letter?.consumer !== request.group) {
    throw new RequestRefused(`${request.group} has no dead letter ${request.letter}`);
  }
  switch (request.kind) {
    case 'dead-letter-assign':
      letters.assign(letter.id, request.owner, context);
      return;
    case 'dead-letter-note':
      letters.note(letter.id, request.note, context);
      return;
    case 'dead-letter-discard':
      // A redriven event is applied to the rows already.
      if (letter.status === 'redriven')
        throw new RequestRefused(`${request.group}:${letter.id} has been redriven meanwhile`);
      letters.discard(letter.id, request.reason, context);
  }
};

interface RedriveContext {
  readonly drain: DrainStream;
  readonly redrives: RedriveRows;
  readonly letters: DeadLetterRows;
}

const drainParked = ({ drain, redrives }: RedriveContext, handler: EventHandler, stream: string): RedriveStep => {
  const running = redrives.running().find(({ consumer }) => consumer === handler.consumer);
  const ratePerSecond = running?.ratePerSecond ?? DEFAULT_RATE_PER_SECOND;
  const audit: AuditContext = { actor: 'tidemark', requestId: running?.id ?? null };
  const drained = drain(handler, stream, eventsPerStep(ratePerSecond), audit);
  if (running !== undefined) redrives.count(running.id, drained.events);
  if (drained._tag === 'Failed') haltOnSameCause(redrives, handler, stream, drained);
  return { events: drained.events, ratePerSecond };
};

const redriveNextStream = (context: RedriveContext, redrive: RunningRedrive, handler: EventHandler): RedriveStep => {
  const { redrives } = context;
  const { ratePerSecond } = redrive;
  const key = redrives.nextKey(redrive);
  if (key === undefined) {
    redrives.finish(redrive.id);
    return { events: 0, ratePerSecond };
  }
  const stream = quarantinedStream(context, key);
  if (stream === undefined) {
    redrives.endKey(key, 'gone', 'it is no longer the first dead letter of its stream, or is resolved');
    return { events: 0, ratePerSecond };
  }
  const audit: AuditContext = { actor: key.actor, requestId: redrive.id };
  const drained = context.drain(handler, stream, eventsPerStep(ratePerSecond), audit);
  redrives.count(redrive.id, drained.events);
  if (drained._tag === 'Failed') {
    // Either the dead letter itself failed again, or it was applied and an event parked behind it failed.
    const isFirst = context.letters.find(key.letter)?.status !== 'redriven';
    redrives.endKey(key, isFirst ? 'failed' : 'done', isFirst ? drained.failure.reason : null);
    haltOnSameCause(redrives, handler, stream, drained);
  } else redrives.endKey(key, 'done', null);
  return { events: drained.events, ratePerSecond };
};

/** Undefined where the dead letter was resolved since the plan was made. */
const quarantinedStream = ({ letters }: RedriveContext, { letter, consumer }: RedriveKey): string | undefined => {
  const stream = letters.find(letter)?.stream ?? undefined;
  if (stream === undefined) return undefined;
  const first = letters.firstOf(consumer, stream);
  return first?.id === letter && isUnresolved(first) ? stream : undefined;
};

/** A failure with the same cause shows that the fix does not help, so the redrive is halted. */
const haltOnSameCause = (
  redrives: RedriveRows,
  handler: EventHandler,
  stream: string,
  { failure, fingerprint }: Extract<DrainResult, { readonly _tag: 'Failed' }>,
): void =>
  void redrives.haltFor(
    handler.consumer,
    fingerprint,
    `${stream} failed again for the same cause (fingerprint ${fingerprint}): ${failure.reason}`,
  );

const eventsPerStep = (ratePerSecond: number): number =>
  Math.max(1, Math.min(MAX_EVENTS_PER_STEP, Math.floor(ratePerSecond / STEPS_PER_SECOND)));
