/** The relay's status, written in its file for operators and for the API. */
import { isoTime, type Clock } from '../clock';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { EventLog, LogTopic } from '../kafka/event-log';
import type { Logger } from '../logger';
import type { EventFeed } from '../event-store/event-feed';
import type { RelayHeartbeats } from './relay-heartbeats';
import type { RelayFile, RelayHoles, RelayStatus } from './state/state';

interface Counts {
  readonly published: number;
  readonly skipped: number;
  /** The last position that was sent. */
  readonly sentPosition?: number;
}

export interface RelayMonitor {
  /** Reads the end of the store, for the status. */
  readonly readStoreEnd: () => Promise<void>;
  readonly state: () => RelayStatus['state'];
  readonly setState: (state: RelayStatus['state'], reason: string | null, cause?: RelayStatus['cause']) => void;
  /** Writes the status again where the last one is too old. */
  readonly refresh: () => void;
  readonly countFailure: (failureClass: string) => void;
  /** Sets the warning about the topics that the status shows while the relay runs; null for none. */
  readonly warn: (warning: string | null) => void;
  readonly setTopics: (topics: ReadonlyArray<LogTopic>) => void;
  /** Writes the status where it has changed or is too old; `current` has the counts of the session. */
  readonly report: (current: Counts) => void;
  /** Adds the counts of an ended session. */
  readonly addCounts: (ended: Counts) => void;
}

export interface RelayMonitorOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: RelayFile;
  readonly holes: Pick<RelayHoles, 'blocked' | 'unroutable'>;
  readonly reader: EventFeed;
  readonly heartbeats: Pick<RelayHeartbeats, 'status'>;
}

/** How often an unchanged status is written: a much older one means that the relay does not run. */
const REFRESH_INTERVAL_MS = 5_000;

const initialState = (clock: Clock): Pick<RelayStatus, 'state' | 'reason' | 'cause' | 'since'> => ({
  state: 'starting',
  reason: null,
  cause: null,
  since: isoTime(clock.nowMs()),
});

/** Makes the monitor, with all counts at zero. */
export const relayMonitor = (options: RelayMonitorOptions): RelayMonitor => {
  const { log, clock, logger, state, holes, reader, heartbeats } = options;
  const failures: Record<string, number> = {};
  let topics: ReadonlyArray<LogTopic> = [];
  let current = initialState(clock);
  let endedCounts: Counts = { published: 0, skipped: 0 };
  let sessionCounts: Counts = { published: 0, skipped: 0 };
  let warning: string | null = null;
  let written = '';
  let writtenAtMs = -Infinity;

  const store = cachedStoreEnd(reader, { cursor: state.cursor, blocked: holes.blocked }, clock);

  const write = (): void => {
    const blocked = holes.blocked();
    const beat = heartbeats.status();
    const status: Omit<RelayStatus, 'updatedAt'> = {
      ...current,
      reason: current.reason ?? (current.state === 'running' ? warning : null),
      broker: log.keepsHistory ? 'real' : 'embedded',
      ...store.lag(blocked),
      published: endedCounts.published + sessionCounts.published,
      skipped: endedCounts.skipped + sessionCounts.skipped,
      ...(sessionCounts.sentPosition === undefined ? {} : { sentPosition: sessionCounts.sentPosition }),
      failures: { ...failures },
      blocked,
      unroutable: holes.unroutable(),
      topics,
      ...(beat === undefined ? {} : { heartbeat: beat }),
    };
    // A change of the age alone is not written, as readers compute it.
    const text = JSON.stringify({ ...status, lagSeconds: 0 });
    if (text === written && clock.monotonicMs() - writtenAtMs < REFRESH_INTERVAL_MS) return;
    state.saveStatus({ ...status, updatedAt: isoTime(clock.nowMs()) });
    written = text;
    writtenAtMs = clock.monotonicMs();
  };

  const writeIfPossible = (): void => {
    try {
      write();
    } catch (error) {
      logger.warn({ error }, 'the status of the relay could not be written');
    }
  };

  return {
    readStoreEnd: store.read,
    state: () => current.state,
    setState: (next, reason, cause = null) => {
      const since = next === current.state ? current.since : isoTime(clock.nowMs());
      current = { state: next, reason, cause, since };
      writeIfPossible();
    },
    refresh: writeIfPossible,
    countFailure: (failureClass) => {
      failures[failureClass] = (failures[failureClass] ?? 0) + 1;
    },
    warn: (next) => {
      warning = next;
      if (next !== null) logger.warn({ reason: next }, 'the topics of the relay need attention');
    },
    setTopics: (found) => {
      topics = found;
    },
    report: (counts) => {
      sessionCounts = counts;
      write();
    },
    addCounts: ({ published, skipped }) => {
      endedCounts = { published: endedCounts.published + published, skipped: endedCounts.skipped + skipped };
      sessionCounts = { published: 0, skipped: 0 };
    },
  };
};

/** The relay's progress. */
type Progress = Pick<RelayStatus, 'cursor' | 'blocked'>;

/** The end of the store, and the first event that is not published. */
interface StoreEnd {
  readonly storePosition: number;
  /** Undefined where there is none. */
  readonly oldest: Pick<StoredEvent, 'position' | 'recordedAt'> | undefined;
}

const storeEnd = async (
  feed: Pick<EventFeed, 'lastPosition' | 'readAll'>,
  { cursor, blocked }: Progress,
): Promise<StoreEnd> => {
  const storePosition = await feed.lastPosition();
  const first = Math.min(cursor + 1, ...blocked.map(({ position }) => position));
  const [oldest] = storePosition < first ? [] : await feed.readAll({ afterPosition: first - 1, limit: 1 });
  return { storePosition, oldest };
};

type RelayLag = Pick<RelayStatus, 'storePosition' | 'lagEvents' | 'lagSeconds'>;

/** The lag at a cursor, which may have moved since the store was read. */
const lagAt = ({ storePosition, oldest }: StoreEnd, { cursor, blocked }: Progress, clock: Clock): RelayLag => {
  const isBehind =
    oldest !== undefined && (oldest.position > cursor || blocked.some(({ position }) => position === oldest.position));
  const ageMs = isBehind ? clock.nowMs() - Date.parse(oldest.recordedAt) : 0;
  const heldEvents = blocked.reduce((sum, { events }) => sum + events, 0);
  return {
    storePosition,
    lagEvents: Math.max(0, storePosition - cursor) + heldEvents,
    lagSeconds: Math.max(0, ageMs / 1_000),
  };
};

/** The end of the store as it was last read, and the lag of the current cursor behind it. */
const cachedStoreEnd = (
  reader: EventFeed,
  progress: { readonly cursor: () => number; readonly blocked: () => Progress['blocked'] },
  clock: Clock,
) => {
  let end: StoreEnd = { storePosition: 0, oldest: undefined };
  return {
    read: async (): Promise<void> => {
      end = await storeEnd(reader, { cursor: progress.cursor(), blocked: progress.blocked() });
    },
    lag: (blocked: Progress['blocked']) => {
      const cursor = progress.cursor();
      return { cursor, ...lagAt(end, { cursor, blocked }, clock) };
    },
  };
};

/** The lag of Kafka behind the store: in events, and as the age of the oldest event that is not published. */
export const relayLag = async (
  feed: Pick<EventFeed, 'lastPosition' | 'readAll'>,
  come: Progress,
  clock: Clock,
): Promise<RelayLag> => lagAt(await storeEnd(feed, come), come, clock);
