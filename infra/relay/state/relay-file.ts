/** What the relay keeps of how far Kafka has acknowledged, on which topics, and how it stands. */
import type { LogTopic } from '../../kafka/event-log';
import type { RelayStatus } from './relay-status';

/** The file as its one writer uses it. Each write asserts the lease. */
export interface RelayFile {
  readonly cursor: () => number;
  readonly saveCursor: (position: number) => void;
  readonly topics: () => ReadonlyArray<LogTopic>;
  /** The topics that the cursor counts on from now on, and the cursor, in one transaction. */
  readonly saveTopics: (topics: ReadonlyArray<LogTopic>, cursor: number) => void;
  /** Binds the file to a store where it belongs to none; returns the store that it belongs to. */
  readonly bindTo: (storeId: string) => string;
  readonly saveStatus: (status: RelayStatus) => void;
}

/** How an operator's request to withhold an event went. */
export interface SkipResult {
  readonly id: number;
  readonly state: 'done' | 'failed';
  readonly reason: string | null;
}
