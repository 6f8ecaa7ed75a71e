/** A build of a projection's tables as a taker of events, and what is handed to takers beside a group's own batches. */
import {
  type EventHandler,
  type EventIntake,
  type IncomingRecord,
  repeatable,
  defaultRetryPolicy,
  type StorePage,
  type StorePageQuery,
} from '../../../infra/consumption/intake/intake';
import { partitionFinder } from '../../../infra/topic-partition';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { MAX_PAGE_BYTES, type EventFeed } from '../../../infra/event-store/event-feed';
import { foldInto, type Counted, type Generation } from '../tables/tables';
import { recordsIn, type OpenMove, type PackedBatch } from './packed-batch';

/** A build of the tables, and the consumer whose checkpoints say what is in it. */
export interface Target {
  /** The group, or a rebuild. */
  readonly consumer: string;
  readonly topics: ReadonlySet<string>;
  readonly generation: Generation;
  /** Left out where nobody reads the rows meanwhile. */
  readonly waiting?: WaitingRows;
}

/** What is stale while events wait. */
export interface WaitingRows {
  readonly rowsOf: EventHandler['rowsOf'];
  /** What to tell the fold of a batch at its end. */
  readonly sums: () => Counted | undefined;
}

/** Events of the store in one transaction. */
const EVENTS_PER_PAGE = 5_000;

/** What of a batch goes to one taker: the records between the offsets of its moves. */
export interface Share {
  readonly to: EventHandler;
  readonly moves: ReadonlyArray<OpenMove>;
}

/** Applies records for several takers, each record read once, and moves their checkpoints; belongs inside a transaction. */
export const applyShared = (intake: EventIntake, shares: ReadonlyArray<Share>, batch: PackedBatch): void => {
  const read = repeatable(function* () {
    const moveOf = partitionFinder(batch.moves);
    for (const record of recordsIn(batch)) yield intake.read(record, moveOf(record)?.logId ?? '');
  });
  const once = shares.length > 1 ? [...read] : read;
  for (const { to, moves } of shares) intake.incoming(to, { moves, incoming: between(once, moves) });
};

/** Those that stand between the offsets of the moves. */
const between = (all: Iterable<IncomingRecord>, moves: ReadonlyArray<OpenMove>): Iterable<IncomingRecord> =>
  repeatable(function* () {
    const moveOf = partitionFinder(moves);
    for (const incoming of all) {
      const move = moveOf(incoming);
      const { offset } = incoming;
      if (move !== undefined && offset >= move.fromOffset && offset < move.nextOffset) yield incoming;
    }
  });

/** A page of the store before it is applied. */
export interface ReadStorePage extends Pick<StorePage, 'reachedPosition'> {
  readonly events: ReadonlyArray<StoredEvent>;
}

/** Reads what comes next; before the transaction that applies it. */
export const readStorePage = async (
  store: Pick<EventFeed, 'readAll'>,
  { afterPosition, untilPosition }: Pick<StorePageQuery, 'afterPosition' | 'untilPosition'>,
): Promise<ReadStorePage> => {
  const limit = Math.max(0, Math.min(EVENTS_PER_PAGE, untilPosition - afterPosition));
  const events = limit === 0 ? [] : await store.readAll({ afterPosition, limit, maxBytes: MAX_PAGE_BYTES });
  const last = events.at(-1)?.position ?? afterPosition;
  // A short page may be the end of the store, or only full of bytes.
  const isEnd = events.length < limit && (await store.readAll({ afterPosition: last, limit: 1 })).length === 0;
  return { reachedPosition: isEnd || limit === 0 ? untilPosition : last, events };
};

/** Applies one page of the store; belongs inside a transaction. */
export const applyStorePage = (
  intake: EventIntake,
  to: EventHandler,
  { events, reachedPosition }: ReadStorePage,
  how: Pick<StorePageQuery, 'bounds' | 'exhaustedAttempts'>,
): StorePage => ({ reachedPosition, outcome: intake.events(to, events, how) });

/** The build as a taker of events. */
export const consumerOf = ({ consumer, topics, generation, waiting }: Target): EventHandler => {
  const { projection } = generation;
  return {
    consumer,
    group: projection.name,
    topics,
    handled: new Set(projection.handles.map(({ type }) => type)),
    open: () => foldInto(generation, waiting?.sums),
    rowsOf: waiting?.rowsOf ?? (() => []),
    exhausted: (projection.retry ?? defaultRetryPolicy).exhausted,
  };
};
