/** What the operations on the views' file are made from. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { Clock } from '../../../infra/clock';
import type { Checkpoints, OffsetRequests } from '../../../infra/consumption/checkpoints/checkpoints';
import type { BreakerPolicy, EventHandler, TransactionFacts } from '../../../infra/consumption/intake/intake';
import type { DeadLetterHandling } from '../../../infra/dead-letters/redrive/redrive';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { LeasedDatabase, WriteUnderLease } from '../../../infra/sqlite/leased-database';
import type { Projection } from '../../projection';
import { affectedRows, consumerOf, staleSums } from '../apply/apply';
import type { ServedGenerations, CandidateGenerations, RebuildRows, TakenInRows } from '../generations/generations';
import { topicsOf } from '../definitions/definitions';
import type { Generation } from '../tables/tables';

export interface ViewsWriterOptions extends LeasedDatabase {
  readonly catalog: Catalog;
  readonly projections: ReadonlyArray<Projection>;
  /** Opens the store for reading; called once, at the first need. */
  readonly openStore: () => Promise<EventFeed>;
  readonly clock: Clock;
  readonly breakerPolicy?: BreakerPolicy;
}

export interface WriterContext {
  readonly options: ViewsWriterOptions;
  readonly checkpoints: Checkpoints;
  readonly rebuilds: RebuildRows;
  readonly takenIn: TakenInRows;
  readonly builds: ServedGenerations & CandidateGenerations;
  readonly offsets: OffsetRequests;
  readonly failures: DeadLetterHandling;
  /** The store, opened at the first need. */
  readonly store: () => Promise<EventFeed>;
  /** What transactions have to know of the store. */
  readonly facts: TransactionFacts;
  /** Runs in one transaction that only the holder of the lease can commit. */
  readonly write: WriteUnderLease;
}

/** A build as a taker of events, under the name of its consumer. */
export const targets = ({ options, facts }: Pick<WriterContext, 'options' | 'facts'>) => {
  const { database, catalog, projections } = options;
  const concerned = affectedRows(catalog, facts.store);
  const sums = staleSums(database);
  const topics = new Map(
    projections.map((projection) => [
      projection.name,
      new Set(topicsOf(catalog, projection).map(({ name }) => name)) as ReadonlySet<string>,
    ]),
  );
  return (projection: string, consumer: string, generation: Generation): EventHandler =>
    consumerOf({
      consumer,
      topics: topics.get(projection) ?? new Set(),
      generation,
      waiting: { rowsOf: concerned(generation), sums: () => sums(consumer, generation) },
    });
};
