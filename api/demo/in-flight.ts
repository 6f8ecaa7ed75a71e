/** Limits how many tasks run at the same time. */

export interface InFlight {
  /** Waits for a free slot, runs the task in it, and frees the slot. */
  readonly run: <A>(task: () => Promise<A>) => Promise<A>;
}

/** A semaphore with `limit` slots, first come, first served. */
export const inFlight = (limit: number): InFlight => {
  let free = limit;
  const waiting: (() => void)[] = [];
  const enter = async (): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    // The slot passes directly to the next waiting task, so that no other can take it first.
    if (next === undefined) free += 1;
    else next();
  };
  return {
    run: async (task) => {
      await enter();
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
};

/** Starts `task` for every item in order, at most `limit` at a time; ends at the first failure. */
export const forEachBounded = async <A>(
  items: ReadonlyArray<A>,
  limit: number,
  task: (item: A) => Promise<void>,
): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next;
      next += 1;
      const item = items[index];
      if (index >= items.length || item === undefined) return;
      await task(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker)).catch((error: unknown) => {
    next = items.length;
    throw error;
  });
};
