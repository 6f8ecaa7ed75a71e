/** What the relay knows of itself, kept in its file for operators and for the API. */
import { isoTime, type Clock } from '../clock';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { EventLog, LogTopic } from '../kafka/event-log';
import type { Logger } from '../logger';
import type { EventFeed } from '../event-store/event-feed';
import type { RelayFile, RelayHoles, RelayStatus } from './state/state';

interface Counts {
  readonly published: number;
  readonly skipped: number;
  /** The last position that was sent. */
  readonly sentPosition?: number;
}

export interface RelayMonitor {
  /** Looks how far the store is by now; what is written from then on says so. */
  readonly look: () => Promise<void>;
  readonly state: () => RelayStatus['state'];
  readonly become: (state: RelayStatus['state'], reason: string | null, cause?: RelayStatus['cause']) => void;
  /** A sign of life, where one is due. */
  readonly repeat: () => void;
  readonly fail: (failureClass: string) => void;
  /** What is to be known of the topics while the relay runs; null for nothing. */
  readonly warn: (warning: string | null) => void;
  readonly topics: (topics: ReadonlyArray<LogTopic>) => void;
  /** Writes the status where anything has changed, and as a sign of life; `current` counts what the session has done. */
  readonly report: (current: Counts) => void;
  /** Adds what an ended session has done. */
  readonly addCounts: (ended: Counts) => void;
}

export interface RelayMonitorOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: RelayFile;
  readonly holes: Pick<RelayHoles, 'blocked' | 'unroutable'>;
  readonly reader: EventFeed;
}

/** Whoever reads a status that is much older knows that the relay does not live. */
const SIGN_OF_LIFE_MS = 5_000;

const begun = (clock: Clock): Pick<RelayStatus, 'state' | 'reason' | 'cause' | 'since'> => ({
  state: 'starting',
  reason: null,
  cause: null,
  since: isoTime(clock.nowMs()),
});

/** Starts with nothing published in this process. */
export const relayMonitor = ({ log, clock, logger, state, holes, reader }: RelayMonitorOptions): RelayMonitor => {
  const failures: Record<string, number> = {};
  let topics: ReadonlyArray<LogTopic> = [];
  let phase = begun(clock);
  let ended: Counts = { published: 0, skipped: 0 };
  let current: Counts = { published: 0, skipped: 0 };
  let warning: string | null = null;
  let written = '';
  let writtenAtMs = -Infinity;

  const store = seenStore(reader, { cursor: state.cursor, blocked: holes.blocked }, clock);

  const write = (): void => {
    const blocked = holes.blocked();
    const status: Omit<RelayStatus, 'updatedAt'> = {
      ...phase,
      reason: phase.reason ?? (phase.state === 'running' ? warning : null),
      broker: log.keepsHistory ? 'real' : 'embedded',
      ...store.lag(blocked),
      published: ended.published + current.published,
      skipped: ended.skipped + current.skipped,
      ...(current.sentPosition === undefined ? {} : { sentPosition: current.sentPosition }),
      failures: { ...failures },
      blocked,
      unroutable: holes.unroutable(),
      topics,
    };
    // The age alone is no news: whoever reads the status works it out anew.
    const text = JSON.stringify({ ...status, lagSeconds: 0 });
    if (text === written && clock.monotonicMs() - writtenAtMs < SIGN_OF_LIFE_MS) return;
    state.saveStatus({ ...status, updatedAt: isoTime(clock.nowMs()) });
    written = text;
    writtenAtMs = clock.monotonicMs();
  };

  const writeIfPossible = (): void => {
    try {
      write();
    } catch (error) {
      logger.warn({ error }, 'the status of the relay was not kept');
    }
  };

  return {
    look: store.look,
    state: () => phase.state,
    become: (next, reason, cause = null) => {
      const since = next === phase.state ? phase.since : isoTime(clock.nowMs());
      phase = { state: next, reason, cause, since };
      writeIfPossible();
    },
    repeat: writeIfPossible,
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
    report: (counts) => {
      current = counts;
      write();
    },
    addCounts: ({ published, skipped }) => {
      ended = { published: ended.published + published, skipped: ended.skipped + skipped };
      current = { published: 0, skipped: 0 };
    },
  };
};

/** How far the relay has come. */
type Come = Pick<RelayStatus, 'cursor' | 'blocked'>;

/** The end of the store, and the time of the first event that is not published. */
interface StoreEnd {
  readonly storePosition: number;
  /** Undefined where there is none. */
  readonly oldest: Pick<StoredEvent, 'position' | 'recordedAt'> | undefined;
}

const storeEnd = async (
  feed: Pick<EventFeed, 'lastPosition' | 'readAll'>,
  { cursor, blocked }: Come,
): Promise<StoreEnd> => {
  const storePosition = await feed.lastPosition();
  const first = Math.min(cursor + 1, ...blocked.map(({ position }) => position));
  const [oldest] = storePosition < first ? [] : await feed.readAll({ afterPosition: first - 1, limit: 1 });
  return { storePosition, oldest };
};

type RelayLag = Pick<RelayStatus, 'storePosition' | 'lagEvents' | 'lagSeconds'>;

/** The cursor may have moved since the store was looked at. */
const lagAt = ({ storePosition, oldest }: StoreEnd, { cursor, blocked }: Come, clock: Clock): RelayLag => {
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

/** The store as it was seen last, against the cursor as it is now. */
const seenStore = (
  reader: EventFeed,
  come: { readonly cursor: () => number; readonly blocked: () => Come['blocked'] },
  clock: Clock,
) => {
  let end: StoreEnd = { storePosition: 0, oldest: undefined };
  return {
    look: async (): Promise<void> => {
      end = await storeEnd(reader, { cursor: come.cursor(), blocked: come.blocked() });
    },
    lag: (blocked: Come['blocked']) => {
      const cursor = come.cursor();
      return { cursor, ...lagAt(end, { cursor, blocked }, clock) };
    },
  };
};

/** How far Kafka is behind the store: in events, and as the age of the oldest event that it does not have. */
export const relayLag = async (
  feed: Pick<EventFeed, 'lastPosition' | 'readAll'>,
  come: Come,
  clock: Clock,
): Promise<RelayLag> => lagAt(await storeEnd(feed, come), come, clock);
