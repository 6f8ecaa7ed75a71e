/** What the relay knows of itself, kept in its file for operators and for the API. */
import { isoTime, type Clock } from '../clock';
import type { EventLog, LogTopic } from '../kafka/event-log';
import type { Logger } from '../logger';
import type { EventReader } from '../sqlite/event-reader';
import type { RelayFile } from './relay-file';
import type { RelayStatus } from './relay-status';

interface Counts {
  readonly published: number;
  readonly skipped: number;
}

export interface RelayMonitor {
  readonly state: () => RelayStatus['state'];
  readonly become: (state: RelayStatus['state'], reason: string | null, cause?: RelayStatus['cause']) => void;
  readonly fail: (failureClass: string) => void;
  /** What is to be known of the topics while the relay runs; null for nothing. */
  readonly warn: (warning: string | null) => void;
  readonly topics: (topics: ReadonlyArray<LogTopic>) => void;
  /** Writes the status where anything has changed; `current` counts what the running session has done. */
  readonly report: (current: Counts) => void;
  /** Adds what an ended session has done. */
  readonly addCounts: (ended: Counts) => void;
}

export interface RelayMonitorOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: RelayFile;
  readonly reader: EventReader;
}

/** Starts with nothing published in this process. */
export const relayMonitor = ({ log, clock, logger, state, reader }: RelayMonitorOptions): RelayMonitor => {
  const failures: Record<string, number> = {};
  let topics: ReadonlyArray<LogTopic> = [];
  let phase: Pick<RelayStatus, 'state' | 'reason' | 'cause'> = { state: 'starting', reason: null, cause: null };
  let ended: Counts = { published: 0, skipped: 0 };
  let written = '';
  let warning: string | null = null;

  const report = (current: Counts): void => {
    const cursor = state.cursor();
    const status = {
      ...phase,
      reason: phase.reason ?? (phase.state === 'running' ? warning : null),
      broker: log.kind,
      cursor,
      ...relayLag(reader, cursor, clock),
      published: ended.published + current.published,
      skipped: ended.skipped + current.skipped,
      failures: { ...failures },
      topics,
    };
    // The age alone is no news: whoever reads the status works it out anew.
    const text = JSON.stringify({ ...status, lagSeconds: 0 });
    if (text === written) return;
    state.saveStatus({ ...status, updatedAt: isoTime(clock.nowMs()) });
    written = text;
  };

  return {
    state: () => phase.state,
    become: (next, reason, cause = null) => {
      phase = { state: next, reason, cause };
      try {
        report({ published: 0, skipped: 0 });
      } catch (error) {
        logger.warn({ error }, 'the status of the relay was not kept');
      }
    },
    fail: (failureClass) => {
      failures[failureClass] = (failures[failureClass] ?? 0) + 1;
    },
    warn: (next) => {
      warning = next;
      if (next !== null) logger.warn({ reason: next }, 'the topics of the relay need a look');
    },
    topics: (found) => {
      topics = found;
    },
    report,
    addCounts: ({ published, skipped }) => {
      ended = { published: ended.published + published, skipped: ended.skipped + skipped };
    },
  };
};

/** How far Kafka is behind the store: in events, and as the age of the oldest event that it has not acknowledged. */
export const relayLag = (
  reader: Pick<EventReader, 'lastPosition' | 'readAll'>,
  cursor: number,
  clock: Clock,
): Pick<RelayStatus, 'storePosition' | 'lagEvents' | 'lagSeconds'> => {
  const storePosition = reader.lastPosition();
  const [oldest] = storePosition > cursor ? reader.readAll({ afterPosition: cursor, limit: 1 }) : [];
  const ageMs = oldest === undefined ? 0 : clock.nowMs() - Date.parse(oldest.recordedAt);
  return { storePosition, lagEvents: Math.max(0, storePosition - cursor), lagSeconds: Math.max(0, ageMs / 1_000) };
};
