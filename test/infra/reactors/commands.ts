/** Commands of a process, and a clock that a test moves. */
import type { ProcessCommand } from '../../../domain/kernel/process-manager';
import type { Clock } from '../../../infra/clock';
import { processOf, type Process, type PendingCommand } from '../../../infra/reactors/processes/processes';

export const command = (id: string, changes: Partial<ProcessCommand> = {}): ProcessCommand => ({
  id,
  causationId: 'order-o1@1',
  correlationId: 'c1',
  category: 'order',
  aggregateId: 'o1',
  type: 'confirm',
  data: { confirmedAt: '2024-01-01T00:00:00Z' },
  ...changes,
});

/** A process that asks for nothing. */
export const silentProcess = (name: string): Process =>
  processOf({
    name,
    version: 1,
    meaning: 'Does nothing.',
    handles: [],
    instanceOf: () => undefined,
    initialState: null,
    step: (state) => ({ state, commands: [] }),
  });

const process = silentProcess('silent');

export const pending = (seq: number, instance: string, changes: Partial<PendingCommand> = {}): PendingCommand => ({
  seq,
  process,
  instance,
  command: command(`${instance}/${seq}`),
  attempts: 0,
  traceparent: null,
  notBeforeMs: 0,
  ...changes,
});

export interface MovedClock extends Clock {
  /** Lets time pass: whoever sleeps till then or earlier wakes up. */
  readonly pass: (durationMs: number) => Promise<void>;
  /** The lengths of all sleeps so far. */
  readonly sleeps: ReadonlyArray<number>;
}

/** Time stands still until a test lets it pass; chance is always 1 (so that the jitter adds nothing). */
export const movedClock = (): MovedClock => {
  let nowMs = 1_700_000_000_000;
  const sleeps: number[] = [];
  const sleeping = new Map<() => void, number>();
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    newId: () => 'id',
    random: () => 1,
    sleep: (durationMs, signal) =>
      new Promise((resolve) => {
        sleeps.push(durationMs);
        const wake = (): void => {
          sleeping.delete(wake);
          resolve();
        };
        sleeping.set(wake, nowMs + durationMs);
        signal?.addEventListener('abort', wake);
        if (signal?.aborted === true) wake();
      }),
    sleeps,
    pass: async (durationMs) => {
      nowMs += durationMs;
      for (const [wake, atMs] of sleeping) if (atMs <= nowMs) wake();
      await turns();
    },
  };
};

/** Lets everything happen that waits for nothing but its turn. */
export const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
