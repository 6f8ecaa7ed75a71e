/** A generation of a projection's tables as an event handler, and the batches and pages that such handlers apply. */
import {
  type EventHandler,
  type EventIntake,
  type IncomingRecord,
  repeatable,
  defaultRetryPolicy,
  type StorePage,
  type StorePageQuery,
  type TransactionFacts,
} from '../../../infra/consumption/intake/intake';
import { partitionFinder } from '../../../infra/topic-partition';
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { MAX_PAGE_BYTES, type EventFeed } from '../../../infra/event-store/event-feed';
import { foldInto, type ContributionListener, type Generation, type StaleSums } from '../tables/tables';
import type { Projection } from '../../projection';
import { topicsOf } from '../definitions/definitions';
import { affectedRows } from './affected-rows';
import { recordsIn, type OpenMove, type PackedBatch } from './packed-batch';

/** A generation, and the consumer whose checkpoints say what it contains. */
export interface Target {
  /** The group, or a rebuild. */
  readonly consumer: string;
  readonly topics: ReadonlySet<string>;
  readonly generation: Generation;
  /** Absent where nobody reads the rows meanwhile. */
  readonly waiting?: WaitingRows;
}

/** Which rows are stale while events are dead-lettered or parked. */
export interface WaitingRows {
  readonly rowsOf: EventHandler['rowsOf'];
  /** The listener for the contributions of a batch, asked for at its end. */
  readonly sums: () => ContributionListener | undefined;
}

/** Upper limit on the store's events in one transaction. */
const EVENTS_PER_PAGE = 5_000;

/** One handler's share of a batch: the records between the offsets of its moves. */
export interface Share {
  readonly to: EventHandler;
  readonly moves: ReadonlyArray<OpenMove>;
}

/** Applies records with several handlers, decoding each record once, and moves their checkpoints. Call inside a transaction. */
export const applyShared = (intake: EventIntake, shares: ReadonlyArray<Share>, batch: PackedBatch): void => {
  const read = repeatable(function* () {
    const moveOf = partitionFinder(batch.moves);
    for (const record of recordsIn(batch)) yield intake.read(record, moveOf(record)?.logId ?? '');
  });
  const once = shares.length > 1 ? [...read] : read;
  for (const { to, moves } of shares) intake.incoming(to, { moves, incoming: between(once, moves) });
};

/** The records between the offsets of the moves. */
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

/** Reads the next page. Call before the transaction that applies it. */
export const readStorePage = async (
  store: Pick<EventFeed, 'readAll'>,
  { afterPosition, untilPosition }: Pick<StorePageQuery, 'afterPosition' | 'untilPosition'>,
): Promise<ReadStorePage> => {
  const limit = Math.max(0, Math.min(EVENTS_PER_PAGE, untilPosition - afterPosition));
  const events = limit === 0 ? [] : await store.readAll({ afterPosition, limit, maxBytes: MAX_PAGE_BYTES });
  const last = events.at(-1)?.position ?? afterPosition;
  // A short page may be the end of the store, or may have reached the limit of bytes.
  const isEnd = events.length < limit && (await store.readAll({ afterPosition: last, limit: 1 })).length === 0;
  return { reachedPosition: isEnd || limit === 0 ? untilPosition : last, events };
};

/** Applies one page of the store. Call inside a transaction. */
export const applyStorePage = (
  intake: EventIntake,
  to: EventHandler,
  { events, reachedPosition }: ReadStorePage,
  how: Pick<StorePageQuery, 'bounds' | 'exhaustedAttempts'>,
): StorePage => ({ reachedPosition, outcome: intake.events(to, events, how) });

/** What the handlers of a file's generations are made of. */
export interface HandlerParts {
  readonly options: { readonly catalog: Catalog; readonly projections: ReadonlyArray<Projection> };
  readonly facts: TransactionFacts;
  readonly staleSums: StaleSums;
}

/** Returns a function that makes the event handler of a generation, under the name of its consumer. */
export const generationHandlers = ({ options: { catalog, projections }, facts, staleSums }: HandlerParts) => {
  const rowsConcerned = affectedRows(catalog, facts.store);
  const topics = new Map<string, ReadonlySet<string>>(
    projections.map((each) => [each.name, new Set(topicsOf(catalog, each).map(({ name }) => name))]),
  );
  return (consumer: string, generation: Generation): EventHandler =>
    generationHandler({
      consumer,
      topics: topics.get(generation.projection.name) ?? new Set(),
      generation,
      waiting: { rowsOf: rowsConcerned(generation), sums: () => staleSums(consumer, generation) },
    });
};

/** The generation as an event handler. */
export const generationHandler = ({ consumer, topics, generation, waiting }: Target): EventHandler => {
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
