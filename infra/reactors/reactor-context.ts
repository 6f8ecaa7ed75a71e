/** The options of the reactors, and the context of one session. */
import type { ConsumerGroup, StoreFit } from '../consumption/loop/loop';
import type { DeadLetterHandling } from '../dead-letters/redrive/redrive';
import type { RoleOptions } from '../running/role-options';
import type { TransactionFacts } from '../consumption/intake/intake';
import type { EventFeed } from '../event-store/event-feed';
import type { OpenEventFeed } from '../event-store/open-feed';
import type { ApiAddress } from './command-client';
import type { AnyProcessManager } from '../../domain/kernel/process-manager';
import type { Process, ProcessStore, ReactorsFile, ReleasedInstance } from './processes/processes';
import type { ReactorHandler } from './reactor-handler';
import type { EffectOptions } from './effects/effects';
import type { Senders } from './senders';

export interface ReactorsOptions extends RoleOptions {
  readonly reactorsFile: string;
  /** Opens the store for reading. */
  readonly openStore: OpenEventFeed;
  readonly processManagers: ReadonlyArray<AnyProcessManager>;
  /** Absent: none. */
  readonly effects?: EffectOptions;
  readonly api: ApiAddress;
  /** Prefix of the names of dead-letter topics. */
  readonly topicPrefix?: string;
}

/** What the parts of one session share, from taking the lease to its end. */
export interface ReactorContext extends ReactorsOptions {
  readonly file: ReactorsFile;
  readonly processStore: ProcessStore;
  readonly processes: ReadonlyArray<Process>;
  readonly reader: EventFeed;
  readonly facts: TransactionFacts;
  readonly senders: Senders;
  readonly deadLetters: DeadLetterHandling;
  /** The instances that operators have released in the running transaction; empty outside of one. */
  readonly released: ReleasedInstance[];
  readonly stopping: AbortSignal;
  readonly storeFits: StoreFit;
  /** Whether the file belongs to this store. */
  readonly isOwn: boolean;
}

/** A running process manager. */
export interface RunningProcess {
  readonly handler: ReactorHandler;
  readonly group: ConsumerGroup;
  /** Rejects where the process cannot continue. */
  readonly deadlines: Promise<void>;
}
