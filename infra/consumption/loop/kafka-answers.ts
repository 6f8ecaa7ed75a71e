/** Reports that Kafka does not respond while a group waits for it: the group's own loop is suspended until it does. */
import { isoTime, type Clock } from '../../clock';
import type { EventLog, LogConsumer } from '../../kafka/event-log';
import type { GroupProgress } from './progress';
import type { GroupReporter } from './status-reporter';

/** A healthy broker responds within a fraction of this. */
const SILENT_AFTER_MS = 5_000;
const LOOK_INTERVAL_MS = 1_000;

export interface WatchedLog {
  /** The same log; every pending call to it is tracked. */
  readonly log: EventLog;
  /** Since when the oldest pending call waits, by the monotonic clock; undefined where none is pending. */
  readonly waitingSinceMs: () => number | undefined;
}

/** Tracks a group's pending calls to the log. */
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
 * Keeps the status of a group correct while Kafka does not respond: `retrying` with the reason, and a current date. Once Kafka
 * responds, the group's own loop reports again. Resolves when the signal aborts.
 */
export const reportSilence = async (options: SilenceOptions): Promise<void> => {
  const { watched, progress, reporter, clock, stopping } = options;
  while (!stopping.aborted) {
    await clock.sleep(LOOK_INTERVAL_MS, stopping);
    const sinceMs = watched.waitingSinceMs();
    const silentMs = sinceMs === undefined ? 0 : clock.monotonicMs() - sinceMs;
    if (silentMs < SILENT_AFTER_MS) continue;
    const { state } = progress.status();
    // The reason of a halt or of a blocked partition is reported already, and is more specific.
    if (state === 'running' || state === 'starting') progress.become('retrying', reasonOf(options, silentMs));
    // A status that can't be written now is written by the next check.
    await reporter.refresh(undefined).catch(() => undefined);
  }
};

const reasonOf = ({ watched, clock }: SilenceOptions, silentMs: number): string => {
  const trouble = watched.log.trouble?.();
  const reason = `Kafka has not answered since ${isoTime(clock.nowMs() - silentMs)}; lag and offsets are as of then`;
  return trouble === undefined ? reason : `${reason} (${trouble})`;
};
