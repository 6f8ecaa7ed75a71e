/** Bounds how many tasks are under way at the same time. */

export interface InFlight {
  /** Waits for a place, runs the task in it, and frees it. */
  readonly run: <A>(task: () => Promise<A>) => Promise<A>;
}

/** Places for `limit` tasks; who waits longest goes first. */
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
    // The place goes straight to the next one in line, so that nobody can slip in between.
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

/** Starts `task` for every item in order, at most `limit` under way; ends at the first failure. */
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
