/** Tells that Kafka does not answer while a group waits for it: the group itself can't say anything until it does. */
import { isoTime, type Clock } from '../../clock';
import type { EventLog, LogConsumer } from '../../kafka/event-log';
import type { GroupProgress } from './progress';
import type { GroupReporter } from './status-reporter';

/** A healthy broker answers within a fraction of this. */
const SILENT_AFTER_MS = 5_000;
const LOOK_INTERVAL_MS = 1_000;

export interface WatchedLog {
  /** The same log; every question to it is known until it is answered. */
  readonly log: EventLog;
  /** Since when the oldest question waits, by the clock that never goes back; undefined where none does. */
  readonly waitingSinceMs: () => number | undefined;
}

/** Watches what a group asks of the log. */
export const watchAnswers = (log: EventLog, clock: Clock): WatchedLog => {
  const asked = new Set<{ readonly atMs: number }>();
  const known = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    const question = { atMs: clock.monotonicMs() };
    asked.add(question);
    try {
      return await ask();
    } finally {
      asked.delete(question);
    }
  };
  const watched = (consumer: LogConsumer): LogConsumer => ({
    ...consumer,
    poll: (maxRecords) => known(() => consumer.poll(maxRecords)),
    watermarks: (topic, partition) => known(() => consumer.watermarks(topic, partition)),
    close: () => known(() => consumer.close()),
  });
  return {
    log: {
      ...log,
      describe: (topics) => known(() => log.describe(topics)),
      openConsumer: async (group) => watched(await known(() => log.openConsumer(group))),
    },
    waitingSinceMs: () => (asked.size === 0 ? undefined : Math.min(...[...asked].map(({ atMs }) => atMs))),
  };
};

export interface SilenceOptions {
  readonly watched: WatchedLog;
  readonly progress: GroupProgress;
  readonly reporter: GroupReporter;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
}

/**
 * Keeps the status of a group true while Kafka is silent, until it is stopped: `retrying` with the reason, and dated now. Once
 * Kafka answers, the group itself says how it stands.
 */
export const reportSilence = async (options: SilenceOptions): Promise<void> => {
  const { watched, progress, reporter, clock, stopping } = options;
  while (!stopping.aborted) {
    await clock.sleep(LOOK_INTERVAL_MS, stopping);
    const sinceMs = watched.waitingSinceMs();
    const silentMs = sinceMs === undefined ? 0 : clock.monotonicMs() - sinceMs;
    if (silentMs < SILENT_AFTER_MS) continue;
    const { state } = progress.status();
    // What halts a group, or holds a partition, is said already, and says more.
    if (state === 'running' || state === 'starting') progress.become('retrying', reasonOf(options, silentMs));
    // A status that can't be written now is written by the next look.
    await reporter.refresh(undefined).catch(() => undefined);
  }
};

const reasonOf = ({ watched, clock }: SilenceOptions, silentMs: number): string => {
  const trouble = watched.log.trouble?.();
  const reason = `Kafka has not answered since ${isoTime(clock.nowMs() - silentMs)}; lag and offsets are as of then`;
  return trouble === undefined ? reason : `${reason} (${trouble})`;
};
