/** Reports that Kafka does not respond while a group waits for it: the group's own loop is suspended until it does. */
import type { Clock } from '../../clock';
import { reportSilence, type WatchedLog } from '../../kafka/answer-watch';
import type { GroupProgress } from './progress';
import type { GroupReporter } from './status-reporter';

export interface GroupSilenceOptions {
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
export const reportGroupSilence = async (options: GroupSilenceOptions): Promise<void> => {
  const { progress, reporter } = options;
  await reportSilence({
    ...options,
    onSilence: async (reason) => {
      const { state } = progress.status();
      // The reason of a halt or of a blocked partition is reported already, and is more specific.
      if (state === 'running' || state === 'starting') progress.setState('retrying', reason);
      // A status that can't be written now is written by the next check.
      await reporter.refresh(undefined).catch(() => undefined);
    },
  });
};
