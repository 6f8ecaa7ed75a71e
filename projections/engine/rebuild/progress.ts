/** Records the progress of a rebuild, at a limited rate. */
import type { Clock } from '../../../infra/clock';
import type { ViewsClient } from '../writer-thread/writer-thread';

export interface RebuildProgressNotes {
  /** `done` of `total` events have been read. */
  readonly at: (done: number, total: number) => Promise<void>;
  /** Records the final figures immediately. */
  readonly conclude: () => Promise<void>;
}

const INTERVAL_MS = 250;

/** Starts measuring; `done` of the first call is where this run begins. */
export const rebuildProgress = (client: ViewsClient, clock: Clock, id: number): RebuildProgressNotes => {
  const startedMs = clock.monotonicMs();
  let startedAt: number | undefined;
  let notedMs = -Infinity;
  let latest = { done: 0, total: 0 };

  const note = async (): Promise<void> => {
    notedMs = clock.monotonicMs();
    const { done, total } = latest;
    const seconds = (notedMs - startedMs) / 1_000;
    const rate = seconds > 0 ? Math.max(0, done - (startedAt ?? done)) / seconds : null;
    const etaSeconds = rate === null || rate === 0 ? null : (total - done) / rate;
    await client.noteProgress({ id, progress: { done, total, rate, etaSeconds } });
  };

  return {
    at: async (done, total) => {
      startedAt ??= done;
      // Reading some positions twice must not show as a step back.
      latest = { done: Math.max(latest.done, Math.min(done, total)), total };
      if (clock.monotonicMs() - notedMs >= INTERVAL_MS) await note();
    },
    conclude: async () => {
      latest = { ...latest, done: latest.total };
      await note();
    },
  };
};
