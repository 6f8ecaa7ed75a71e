/** What the operations on the views' file need. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { Clock } from '../../../infra/clock';
import type { BreakerPolicy, TransactionFacts } from '../../../infra/consumption/intake/intake';
import type { DeadLetterHandling } from '../../../infra/dead-letters/redrive/redrive';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection } from '../../projection';
import type { ViewsFile } from '../store/store';

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
