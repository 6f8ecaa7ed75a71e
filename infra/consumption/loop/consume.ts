/** Reads the log and applies its records, batch after batch, until the first fault. */
import type { LogConsumer } from '../../kafka/event-log';
import { beforeGaps } from '../../kafka/offset-gaps';
import type { RetryingApplication } from './apply-with-retry';
import { MAX_BATCH_RECORDS, nextBatchRecords } from './batch-size';
import { GroupHalted } from './make-plan';
import { gapsReached, RecordsMissing } from './missing-records';
import { offsetsForTools } from './offsets-for-tools';
import type { RunningGroup } from './running-group';

/** While one batch is applied, the next one is fetched, never more than one ahead. */
export const consume = async (
  running: RunningGroup,
  consumer: LogConsumer,
  application: RetryingApplication,
  hadRecovered: boolean,
  onProgress: () => void,
): Promise<void> => {
  const { stopping, reporter, progress, heartbeats } = running;
  let hasRecovered = hadRecovered;
  const forTools = offsetsForTools(running, progress, consumer);
  let next = consumer.poll(MAX_BATCH_RECORDS);
  try {
    for (;;) {
      const records = await next;
      if (stopping.aborted) return;
      const gaps = [...consumer.gaps()];
      running.watch.checkWhenDue();
      next = consumer.poll(nextBatchRecords(records, progress.msPerRecord()));
      // A failure is handled where it is awaited.
      next.catch(() => undefined);
      const isApplied = await application.take(beforeGaps(records, gaps));
      const reached = gapsReached(gaps, (gap) => progress.partition(gap)?.nextOffset);
      if (reached.length > 0) throw new RecordsMissing(reached);
      if (isApplied) onProgress();
      hasRecovered ||= isApplied;
      await application.retryWhenDue();
      forTools.commitWhenDue();
      if (await heartbeats.joinWhenDue(consumer)) application.assign();
      const { state, reason } = application.groupState();
      const isNews = progress.status().state !== state || progress.status().reason !== reason;
      if (isNews && (hasRecovered || state !== 'running')) {
        progress.setState(state, reason);
        // A status that can't be written now is written by the next report.
        await reporter.refresh(consumer).catch(() => undefined);
      }
      if (await reporter.refreshWhenDue(consumer)) await assertStoreFits(running);
    }
  } finally {
    // Where the log does not have the next offset, the next session plans again, and halts or catches up from the store.
    await next.catch(() => []);
    await forTools.settle();
  }
};

/** Called before anything is read and from time to time, as the store's file can be replaced under a running program. */
export const assertStoreFits = async ({ handler, storeFits }: RunningGroup): Promise<void> => {
  const misfit = await storeFits?.(await handler.checkpoints());
  if (misfit !== undefined) throw new GroupHalted(misfit);
};
