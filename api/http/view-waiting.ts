/**
 * Waits until a view has seen events. One timer serves all waiting requests, and it checks the view only when the views' file has
 * changed: before that the view can't have seen anything new.
 */
import * as E from 'fp-ts/Either';
import { streamName } from '../../domain/kernel/recorded-event';
import type { EventStore, StoreUnavailable } from '../../domain/kernel/event-store';
import type { Clock } from '../../infra/clock';
import { partitionFor } from '../../infra/kafka/placement';
import type { ViewDescription, ViewReader } from '../../projections/view-reader';
import type { ConsistencyToken } from './consistency-token';
import type { TopicPartition } from '../../infra/topic-partition';

/** The wait of a query without the parameter `wait`. */
export const DEFAULT_WAIT_MS = 2_000;
/** The longest wait for a view; the server's timeouts are longer. */
export const MAX_WAIT_MS = 30_000;

/** How a wait ended. */
export type WaitResult =
  | { readonly _tag: 'Seen' }
  /** The wait timed out; this event is not in the view yet. */
  | { readonly _tag: 'Behind'; readonly token: string }
  /** Waiting does not help: the event is dead-lettered, or parked behind a dead letter of its stream. */
  | { readonly _tag: 'Quarantined'; readonly token: string }
  | { readonly _tag: 'Stopped' }
  /** Too many requests are waiting already. */
  | { readonly _tag: 'TooManyWait' }
  | StoreUnavailable;

export interface ViewWaiting {
  readonly until: (
    view: ViewDescription,
    tokens: ReadonlyArray<ConsistencyToken>,
    waitMs: number,
  ) => Promise<WaitResult>;
  /** Ends every wait because the server is about to close. */
  readonly stop: () => void;
}

interface WaitingOptions {
  readonly views: ViewReader;
  readonly store: Pick<EventStore, 'positionOf'>;
  readonly clock: Clock;
}

/** An event that the view must see; its position is looked up until the event exists. */
interface AwaitedEvent extends TopicPartition {
  readonly token: string;
  readonly stream: string;
  position: number | undefined;
}

interface Waiter {
  readonly view: string;
  readonly deadlineMs: number;
  readonly settle: (outcome: WaitResult) => void;
  readonly fail: (error: unknown) => void;
  awaited: ReadonlyArray<AwaitedEvent>;
  /** The change counter before the last check. */
  lookedAt: number;
}

const POLL_MS = 5;
const MAX_WAITERS = 5_000;

/** Returns the waiting list, still empty. */
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
    const missing = await missingOf(views, store, waiter.view, waiter.awaited);
    if (E.isLeft(missing)) end(waiter, missing.left);
    else if (missing.right._tag !== 'Missing') end(waiter, missing.right);
    else waiter.awaited = missing.right.awaited;
  };

  const poll = async (): Promise<void> => {
    isPolling = true;
    try {
      while (waiters.size > 0) {
        await clock.sleep(POLL_MS);
        const counter = views.changeCounter();
        for (const waiter of waiters) if (waiter.lookedAt !== counter) await lookAgain(waiter, counter);
        const nowMs = clock.monotonicMs();
        for (const waiter of waiters) if (nowMs >= waiter.deadlineMs) end(waiter, behind(waiter.awaited));
      }
    } catch (error) {
      // The views can't be read: all waiting requests fail, and the next request tries again.
      for (const waiter of waiters) waiter.fail(error);
      waiters.clear();
    } finally {
      isPolling = false;
    }
  };

  return {
    until: async (view, tokens, waitMs) => {
      const awaited = tokens.map(awaitedEvent).filter(({ topic }) => view.topics.includes(topic));
      if (awaited.length === 0) return { _tag: 'Seen' };
      // Read before the check, so that a commit during it counts as new.
      const lookedAt = views.changeCounter();
      const missing = await missingOf(views, store, view.name, awaited);
      if (E.isLeft(missing)) return missing.left;
      if (missing.right._tag !== 'Missing') return missing.right;
      const missed = missing.right.awaited;
      if (waitMs === 0) return behind(missed);
      if (isStopped) return { _tag: 'Stopped' };
      if (waiters.size >= MAX_WAITERS) return { _tag: 'TooManyWait' };
      const deadlineMs = clock.monotonicMs() + waitMs;
      return new Promise((settle, fail) => {
        waiters.add({ view: view.name, deadlineMs, settle, fail, awaited: missed, lookedAt });
        if (!isPolling) void poll();
      });
    },
    stop: () => {
      isStopped = true;
      for (const waiter of waiters) end(waiter, { _tag: 'Stopped' });
    },
  };
};

const awaitedEvent = ({ id, aggregate, aggregateId }: ConsistencyToken): AwaitedEvent => ({
  token: id,
  stream: streamName(aggregate.category, aggregateId),
  topic: aggregate.topic.name,
  partition: partitionFor(aggregate.topic, aggregateId),
  position: undefined,
});

/** The result of a check of the view. */
type Look =
  | Extract<WaitResult, { readonly _tag: 'Seen' | 'Quarantined' }>
  | { readonly _tag: 'Missing'; readonly awaited: ReadonlyArray<AwaitedEvent> };

const missingOf = async (
  views: ViewReader,
  store: WaitingOptions['store'],
  view: string,
  awaited: ReadonlyArray<AwaitedEvent>,
): Promise<E.Either<StoreUnavailable, Look>> => {
  const missing: AwaitedEvent[] = [];
  for (const event of awaited) {
    if (event.position === undefined) {
      const position = await store.positionOf(event.token)();
      if (E.isLeft(position)) return position;
      event.position = position.right;
    }
    const { topic, partition, position, stream, token } = event;
    // First, because the view's position is already past the events that it has dead-lettered.
    if (position !== undefined && views.isQuarantined(view, { stream, position })) {
      return E.right({ _tag: 'Quarantined', token });
    }
    if (position === undefined || !views.hasSeen(view, { topic, partition, position })) missing.push(event);
  }
  return E.right(missing.length === 0 ? { _tag: 'Seen' } : { _tag: 'Missing', awaited: missing });
};

const behind = ([first]: ReadonlyArray<AwaitedEvent>): WaitResult => ({ _tag: 'Behind', token: first?.token ?? '' });
