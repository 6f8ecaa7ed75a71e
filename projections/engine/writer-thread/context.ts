/** What the operations on the views' file need. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { Clock } from '../../../infra/clock';
import type { BreakerPolicy, EventHandler, TransactionFacts } from '../../../infra/consumption/intake/intake';
import type { DeadLetterHandling } from '../../../infra/dead-letters/redrive/redrive';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection } from '../../projection';
import { affectedRows, generationHandler } from '../apply/apply';
import type { ViewsFile } from '../store/store';
import { topicsOf } from '../definitions/definitions';
import type { Generation } from '../tables/tables';

export interface ViewsWriterOptions {
  readonly file: ViewsFile;
  readonly catalog: Catalog;
  readonly projections: ReadonlyArray<Projection>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Opens the store for reading; called once, when it is first needed. */
  readonly openStore: () => Promise<EventFeed>;
  readonly breakerPolicy?: BreakerPolicy;
}

export interface WriterContext extends ViewsFile {
  readonly options: Omit<ViewsWriterOptions, 'file'>;
  readonly failures: DeadLetterHandling;
  /** The store, opened when it is first needed. */
  readonly store: () => Promise<EventFeed>;
  /** Facts about the store that transactions need. */
  readonly facts: TransactionFacts;
}

/** Returns a function that makes the event handler of a generation, under the name of its consumer. */
export const targets = ({ options, staleSums, facts }: Pick<WriterContext, 'options' | 'staleSums' | 'facts'>) => {
  const { catalog, projections } = options;
  const concerned = affectedRows(catalog, facts.store);
  const topics = new Map(
    projections.map((projection) => [
      projection.name,
      new Set(topicsOf(catalog, projection).map(({ name }) => name)) as ReadonlySet<string>,
    ]),
  );
  return (projection: string, consumer: string, generation: Generation): EventHandler =>
    generationHandler({
      consumer,
      topics: topics.get(projection) ?? new Set(),
      generation,
      waiting: { rowsOf: concerned(generation), sums: () => staleSums(consumer, generation) },
    });
};
