/** The port to the relay's own file: the position that Kafka has acknowledged, the topics, and the status. */
import type { LogTopic } from '../../kafka/event-log';
import type { RelayStatus } from './relay-status';

/** The file as its one writer uses it. Each write asserts the lease. */
export interface RelayFile {
  readonly cursor: () => number;
  readonly saveCursor: (position: number) => void;
  readonly topics: () => ReadonlyArray<LogTopic>;
  /** Saves the cursor with the topics that it refers to, in one transaction. */
  readonly saveTopics: (topics: ReadonlyArray<LogTopic>, cursor: number) => void;
  /** Binds the file to a store where it belongs to none; returns the store that it belongs to. */
  readonly bindTo: (storeId: string) => string;
  readonly saveStatus: (status: RelayStatus) => void;
}

/** The result of an operator's request to withhold an event. */
export interface SkipResult {
  readonly id: number;
  readonly state: 'done' | 'failed';
  readonly reason: string | null;
}
