/**
 * What is done about failures inside the role that owns the file: operators' requests are taken over from the store, and
 * redrives are carried out, one bounded transaction at a time. Any crash falls between two of them.
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
import { drainOf, type Drain, type Drained } from './drain-stream';
import type { DeadLetterTables } from './consumer-file';
import { failureKinds, groupOfRequest, readDeadLetterRequest, type DeadLetterRequest } from './requests';
import type { RedriveKey, RedriveRows, RunningRedrive } from './redrives';

export interface OperatorRequestOptions {
  readonly tables: DeadLetterTables;
  readonly catalog: Catalog;
  readonly store: () => Pick<StoreFactsWithStreams, 'readStream' | 'identity'>;
  /** What else operators may ask of the role. */
  readonly otherRequests?: OtherRequests | undefined;
}

/** Requests of other kinds that the role takes over in the same order. */
export interface OtherRequests {
  readonly kinds: ReadonlyArray<OperationKind>;
  /** Throws RequestRefused. */
  readonly carryOut: (request: OperationRequest) => void;
}

/** How a step went. */
export interface RedriveStep {
  /** Events taken; undefined where there is nothing to do. */
  readonly events: number | undefined;
  /** The pace that was asked for. */
  readonly ratePerSecond: number;
}

/** All calls but the first belong inside the caller's transaction. */
export interface OperatorRequestProcessor {
  /** Reads the requests since those that were taken last. */
  readonly newRequests: (feed: Pick<EventFeed, 'requestsAfter'>) => Promise<ReadonlyArray<OperationRequest>>;
  /**
   * Carries out what was asked about `groups`, the groups of this file. One request that cannot be carried out is noted as failed,
   * and the others are carried out all the same. What was taken before is passed by. Returns how many came.
   */
  readonly takeRequests: (requests: ReadonlyArray<OperationRequest>, groups: ReadonlySet<string>) => number;
  /** Takes the next few events of what is to be redriven in a group. */
  readonly step: (to: EventHandler) => RedriveStep;
  readonly letters: DeadLetterRows;
}

/** A transaction holds the file's one writer for as long as it takes. */
const MAX_EVENTS_PER_STEP = 200;
/** Streams that were opened by hand, and those in the middle of a run. */
const DEFAULT_RATE_PER_SECOND = 1_000;
/** A step takes what a quarter of a second allows. */
const STEPS_PER_SECOND = 4;

/** Opens the desk on what a consumer's file keeps of dead letters. */
export const operatorRequestProcessor = (options: OperatorRequestOptions): OperatorRequestProcessor => {
  const { tables, otherRequests } = options;
  const { letters, redrives, parked, requests: cursor, noteFailedRequest: noteFailed, savepoint } = tables;
  const drain = drainOf({ ...options, ...tables, rows: letters });
  const stepping = { drain, redrives, letters };
  const kinds = [...failureKinds, ...(otherRequests?.kinds ?? [])];

  const take = (request: OperationRequest, groups: ReadonlySet<string>): void => {
    if (otherRequests?.kinds.includes(request.kind) === true) {
      otherRequests.carryOut(request);
      return;
    }
    const group = groupOfRequest(request);
    // Another file's; where it says of no group, nobody else would say that it failed.
    if (group !== undefined && !groups.has(group)) return;
    carryOut(letters, redrives, request, readDeadLetterRequest(request));
  };

  return {
    letters,
    newRequests: (feed) => feed.requestsAfter(cursor.position(), kinds),
    takeRequests: (requests, groups) => {
      const taken = cursor.position();
      const fresh = requests.filter(({ id }) => id > taken);
      for (const request of fresh) {
        try {
          savepoint(() => take(request, groups));
        } catch (error) {
          if (!isAttributable(error)) throw error;
          noteFailed(request, failureOf(error).reason);
        }
        cursor.moveTo(request.id);
      }
      return fresh.length;
    },
    step: (to) => {
      // A stream whose head is out of the way comes first: nothing may overtake it, and it is nearly live.
      const stream = parked.openable(to.consumer);
      if (stream !== undefined) return goOn(stepping, to, stream);
      const running = redrives.running().find(({ consumer }) => consumer === to.consumer);
      return running === undefined ? NOTHING_TO_DO : stepOf(stepping, running, to);
    },
  };
};

/** The answer of a group that has nothing to redrive. */
export const NOTHING_TO_DO: RedriveStep = { events: undefined, ratePerSecond: DEFAULT_RATE_PER_SECOND };

const carryOut = (
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
      // What was redriven is part of the rows: there is nothing left to go without.
      if (letter.status === 'redriven')
        throw new RequestRefused(`${request.group}:${letter.id} was redriven meanwhile`);
      letters.discard(letter.id, request.reason, context);
  }
};

interface Stepping {
  readonly drain: Drain;
  readonly redrives: RedriveRows;
  readonly letters: DeadLetterRows;
}

const goOn = ({ drain, redrives }: Stepping, to: EventHandler, stream: string): RedriveStep => {
  const running = redrives.running().find(({ consumer }) => consumer === to.consumer);
  const ratePerSecond = running?.ratePerSecond ?? DEFAULT_RATE_PER_SECOND;
  const drained = drain(to, stream, eventsAtOnce(ratePerSecond), { actor: 'tidemark', requestId: running?.id ?? null });
  if (running !== undefined) redrives.count(running.id, drained.events);
  if (drained._tag === 'Failed') haltWhereKnown(redrives, to, stream, drained);
  return { events: drained.events, ratePerSecond };
};

const stepOf = (stepping: Stepping, redrive: RunningRedrive, to: EventHandler): RedriveStep => {
  const { redrives } = stepping;
  const { ratePerSecond } = redrive;
  const key = redrives.nextKey(redrive);
  if (key === undefined) {
    redrives.finish(redrive.id);
    return { events: 0, ratePerSecond };
  }
  const stream = waitingStream(stepping, key);
  if (stream === undefined) {
    redrives.endKey(key, 'gone', 'it no longer waits at the head of its key');
    return { events: 0, ratePerSecond };
  }
  const context: AuditContext = { actor: key.actor, requestId: redrive.id };
  const drained = stepping.drain(to, stream, eventsAtOnce(ratePerSecond), context);
  redrives.count(redrive.id, drained.events);
  if (drained._tag === 'Failed') {
    // The head itself, or something behind it: the head is through then.
    const isHead = stepping.letters.find(key.letter)?.status !== 'redriven';
    redrives.endKey(key, isHead ? 'failed' : 'done', isHead ? drained.failure.reason : null);
    haltWhereKnown(redrives, to, stream, drained);
  } else redrives.endKey(key, 'done', null);
  return { events: drained.events, ratePerSecond };
};

/** Undefined where the dead letter was dealt with since the plan was made. */
const waitingStream = ({ letters }: Stepping, { letter, consumer }: RedriveKey): string | undefined => {
  const stream = letters.find(letter)?.stream ?? undefined;
  if (stream === undefined) return undefined;
  const head = letters.headOf(consumer, stream);
  return head?.id === letter && (head.status === 'open' || head.status === 'assigned') ? stream : undefined;
};

/** The same cause again: what was put right does not help, so the rest is left alone. */
const haltWhereKnown = (
  redrives: RedriveRows,
  to: EventHandler,
  stream: string,
  { failure, fingerprint }: Extract<Drained, { readonly _tag: 'Failed' }>,
): void =>
  void redrives.haltFor(
    to.consumer,
    fingerprint,
    `${stream} failed again for the same cause (fingerprint ${fingerprint}): ${failure.reason}`,
  );

const eventsAtOnce = (ratePerSecond: number): number =>
  Math.max(1, Math.min(MAX_EVENTS_PER_STEP, Math.floor(ratePerSecond / STEPS_PER_SECOND)));
