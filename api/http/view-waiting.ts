/**
 * Waits until a view has seen events. One timer serves all who wait, and looks closer only when the views' file has
 * changed: before that a view can't have seen anything new, whatever the store has taken in meanwhile.
 */
import * as E from 'fp-ts/Either';
import { streamName } from '../../domain/kernel/recorded-event';
import type { EventStore, StoreUnavailable } from '../../domain/kernel/event-store';
import type { Clock } from '../../infra/clock';
import { partitionFor } from '../../infra/kafka/placement';
import type { ViewDescription, ViewReader } from '../../projections/view-reader';
import type { ConsistencyToken } from './consistency-token';

/** Of a query that does not say how long it waits. */
export const DEFAULT_WAIT_MS = 2_000;
/** The longest wait for a view; the server's time-outs lie above it. */
export const MAX_WAIT_MS = 30_000;

/** How a wait ended. */
export type WaitResult =
  | { readonly _tag: 'Seen' }
  /** The time is over, and this event is not in the view. */
  | { readonly _tag: 'Behind'; readonly token: string }
  /** No wait helps: the event stands behind a dead letter of its stream. */
  | { readonly _tag: 'Quarantined'; readonly token: string }
  | { readonly _tag: 'Stopped' }
  /** So many wait already that another would only make all slower. */
  | { readonly _tag: 'TooManyWait' }
  | StoreUnavailable;

export interface ViewWaiting {
  readonly until: (
    view: ViewDescription,
    tokens: ReadonlyArray<ConsistencyToken>,
    waitMs: number,
  ) => Promise<WaitResult>;
  /** Ends every wait, for the server is about to close. */
  readonly stop: () => void;
}

interface WaitingOptions {
  readonly views: ViewReader;
  readonly store: Pick<EventStore, 'positionOf'>;
  readonly clock: Clock;
}

/** An event that a view has to see; its position is looked up until the event exists. */
interface Mark {
  readonly token: string;
  readonly stream: string;
  readonly topic: string;
  readonly partition: number;
  position: number | undefined;
}

interface Waiter {
  readonly view: string;
  readonly deadlineMs: number;
  readonly settle: (outcome: WaitResult) => void;
  readonly fail: (error: unknown) => void;
  marks: ReadonlyArray<Mark>;
  /** The change counter as it was before the last look. */
  lookedAt: number;
}

const POLL_MS = 5;
const MAX_WAITERS = 5_000;

/** Starts waiting for nobody yet. */
export const viewWaiting = ({ views, store, clock }: WaitingOptions): ViewWaiting => {
  const waiters = new Set<Waiter>();
  let isPolling = false;
  let isStopped = false;

  const end = (waiter: Waiter, outcome: WaitResult): void => {
    waiters.delete(waiter);
    waiter.settle(outcome);
  };

  const lookAgain = async (waiter: Waiter, counter: number): Promise<void> => {
    waiter.lookedAt = counter;
    const missing = await missingOf(views, store, waiter.view, waiter.marks);
    if (E.isLeft(missing)) end(waiter, missing.left);
    else if (missing.right._tag !== 'Missing') end(waiter, missing.right);
    else waiter.marks = missing.right.marks;
  };

  const poll = async (): Promise<void> => {
    isPolling = true;
    try {
      while (waiters.size > 0) {
        await clock.sleep(POLL_MS);
        const counter = views.changeCounter();
        for (const waiter of waiters) if (waiter.lookedAt !== counter) await lookAgain(waiter, counter);
        const nowMs = clock.monotonicMs();
        for (const waiter of waiters) if (nowMs >= waiter.deadlineMs) end(waiter, behind(waiter.marks));
      }
    } catch (error) {
      // The views can't be read at all: everybody learns of it, and the next to come tries anew.
      for (const waiter of waiters) waiter.fail(error);
      waiters.clear();
    } finally {
      isPolling = false;
    }
  };

  return {
    until: async (view, tokens, waitMs) => {
      const marks = tokens.map(markOf).filter(({ topic }) => view.topics.includes(topic));
      if (marks.length === 0) return { _tag: 'Seen' };
      // Read before the look: what is committed during it counts as new.
      const lookedAt = views.changeCounter();
      const missing = await missingOf(views, store, view.name, marks);
      if (E.isLeft(missing)) return missing.left;
      if (missing.right._tag !== 'Missing') return missing.right;
      const missed = missing.right.marks;
      if (waitMs === 0) return behind(missed);
      if (isStopped) return { _tag: 'Stopped' };
      if (waiters.size >= MAX_WAITERS) return { _tag: 'TooManyWait' };
      const deadlineMs = clock.monotonicMs() + waitMs;
      return new Promise((settle, fail) => {
        waiters.add({ view: view.name, deadlineMs, settle, fail, marks: missed, lookedAt });
        if (!isPolling) void poll();
      });
    },
    stop: () => {
      isStopped = true;
      for (const waiter of waiters) end(waiter, { _tag: 'Stopped' });
    },
  };
};

const markOf = ({ id, aggregate, aggregateId }: ConsistencyToken): Mark => ({
  token: id,
  stream: streamName(aggregate.category, aggregateId),
  topic: aggregate.topic.name,
  partition: partitionFor(aggregate.topic, aggregateId),
  position: undefined,
});

/** What a look at the view has shown. */
type Look =
  | Extract<WaitResult, { readonly _tag: 'Seen' | 'Quarantined' }>
  | { readonly _tag: 'Missing'; readonly marks: ReadonlyArray<Mark> };

const missingOf = async (
  views: ViewReader,
  store: WaitingOptions['store'],
  view: string,
  marks: ReadonlyArray<Mark>,
): Promise<E.Either<StoreUnavailable, Look>> => {
  const missing: Mark[] = [];
  for (const mark of marks) {
    if (mark.position === undefined) {
      const position = await store.positionOf(mark.token)();
      if (E.isLeft(position)) return position;
      mark.position = position.right;
    }
    const { topic, partition, position, stream, token } = mark;
    // First, for the view has passed by what it has set aside.
    if (position !== undefined && views.isQuarantined(view, { stream, position })) {
      return E.right({ _tag: 'Quarantined', token });
    }
    if (position === undefined || !views.hasSeen(view, { topic, partition, position })) missing.push(mark);
  }
  return E.right(missing.length === 0 ? { _tag: 'Seen' } : { _tag: 'Missing', marks: missing });
};

const behind = ([first]: ReadonlyArray<Mark>): WaitResult => ({ _tag: 'Behind', token: first?.token ?? '' });
