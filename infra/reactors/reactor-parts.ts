/** What the reactors are started with, and what a session of them holds. */
import type { ConsumerGroup, StoreFit } from '../consumption/loop/loop';
import type { DeadLetterHandling } from '../dead-letters/redrive/redrive';
import type { RoleOptions } from '../running/role-options';
import type { TransactionFacts } from '../consumption/intake/intake';
import type { EventFeed } from '../event-store/event-feed';
import type { OpenEventFeed } from '../event-store/open-feed';
import type { ApiAddress } from './command-client';
import type { CommandSender } from './command-sender';
import type { AnyProcessManager } from '../../domain/kernel/process-manager';
import type { Process, ProcessStore, ReactorsFile, ReleasedInstance } from './processes/processes';
import type { ReactorHandler } from './reactor-handler';

export interface ReactorsOptions extends RoleOptions {
  readonly reactorsFile: string;
  /** Opens the store for reading. */
  readonly openStore: OpenEventFeed;
  readonly processManagers: ReadonlyArray<AnyProcessManager>;
  readonly api: ApiAddress;
  /** Put before the names of dead-letter topics. */
  readonly topicPrefix?: string;
}

/** One session, from the lease to its end. */
export interface ReactorParts extends ReactorsOptions {
  readonly file: ReactorsFile;
  readonly ledger: ProcessStore;
  readonly processes: ReadonlyArray<Process>;
  readonly reader: EventFeed;
  readonly facts: TransactionFacts;
  readonly sender: CommandSender;
  readonly senderFault: () => string | null;
  readonly failures: DeadLetterHandling;
  /** What operators have released in the transaction that runs; empty between two of them. */
  readonly released: ReleasedInstance[];
  readonly stopping: AbortSignal;
  readonly storeFits: StoreFit;
  /** Whether the file belongs to this store. */
  readonly isOwn: boolean;
}

/** A process manager that runs. */
export interface RunningProcess {
  readonly handler: ReactorHandler;
  readonly group: ConsumerGroup;
  /** Rejects where the process can't go on. */
  readonly deadlines: Promise<void>;
}
