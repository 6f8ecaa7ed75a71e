/** Writes a group's status for other processes to read: often enough to be useful, rarely enough to cost next to nothing. */
import type { LogConsumer } from '../../kafka/event-log';
import type { ConsumerGroupOptions } from './consumer-group';
import type { GroupProgress } from './progress';

const REPORT_INTERVAL_MS = 1_000;
/** The interval while the group has no progress to report. */
const IDLE_INTERVAL_MS = 5_000;

export interface GroupReporter {
  /** Reports where the interval has passed, and returns whether it has. Reads the log's ends where there is a consumer. */
  readonly refreshWhenDue: (consumer: LogConsumer | undefined) => Promise<boolean>;
  readonly refresh: (consumer: LogConsumer | undefined) => Promise<void>;
}

/** A reporter of one group. */
export const groupReporter = (
  { handler, clock }: Pick<ConsumerGroupOptions, 'handler' | 'clock'>,
  progress: GroupProgress,
): GroupReporter => {
  let reportedAtMs = -Infinity;
  let reported = '';

  const refresh: GroupReporter['refresh'] = async (consumer) => {
    if (consumer !== undefined) await readLogEnds(consumer, progress);
    await readHighWaterPositions();
    const status = progress.status();
    reportedAtMs = clock.monotonicMs();
    reported = fingerprint(progress);
    await handler.report(status);
  };

  const readHighWaterPositions = async (): Promise<void> => {
    for (const checkpoint of await handler.checkpoints()) {
      const at = progress.partition(checkpoint);
      if (at !== undefined) at.highWaterPosition = checkpoint.highWaterPosition;
    }
  };

  return {
    refresh,
    refreshWhenDue: async (consumer) => {
      const waitedMs = clock.monotonicMs() - reportedAtMs;
      if (waitedMs < REPORT_INTERVAL_MS) return false;
      if (waitedMs < IDLE_INTERVAL_MS && fingerprint(progress) === reported) return false;
      await refresh(consumer);
      return true;
    },
  };
};

const readLogEnds = async (consumer: LogConsumer, progress: GroupProgress): Promise<void> => {
  for (const at of progress.partitions()) {
    at.logEndOffset = (await consumer.watermarks(at.topic, at.partition)).high;
  }
};

const fingerprint = (progress: GroupProgress): string => JSON.stringify({ ...progress.status(), updatedAt: undefined });
