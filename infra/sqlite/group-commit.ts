/**
 * Appends that wait together share one transaction and one fsync. What queues up during a turn of the event loop is
 * committed at its end, so a lone caller waits for nobody and many callers wait for one disk write. Where another connection
 * holds the file's write lock, what waits goes on waiting, and the event loop does not.
 */

export interface GroupCommitOptions<Item> {
  /** How many items may wait. */
  readonly queueLimit: number;
  /** How much one item weighs, and how much goes into one group (at least one item, however heavy). */
  readonly weightOf: (item: Item) => number;
  readonly groupWeight: number;
  /**
   * Commits a group and answers its items; must not throw. Returns those that it has not answered, for the file is locked: they
   * are tried again in a moment.
   */
  readonly commit: (group: ReadonlyArray<Item>) => ReadonlyArray<Item>;
}

export interface GroupCommit<Item> {
  /** False, and nothing is queued, where too many wait. */
  readonly enqueue: (item: Item) => boolean;
  readonly waiting: () => number;
  /** Commits what waits, before it returns; false where the file is locked, and something still waits. */
  readonly flush: () => boolean;
}

/** How long after a locked file it is tried again. */
const LOCK_POLL_MS = 20;

/** A queue that commits by itself. */
export const groupCommit = <Item>(options: GroupCommitOptions<Item>): GroupCommit<Item> => {
  let queue: Item[] = [];
  let scheduled = false;

  const takeGroup = (): ReadonlyArray<Item> => {
    let count = 0;
    let weight = 0;
    for (const item of queue) {
      weight += options.weightOf(item);
      if (weight > options.groupWeight && count > 0) break;
      count += 1;
    }
    const group = queue.slice(0, count);
    queue = queue.slice(count);
    return group;
  };

  // setImmediate runs after the turn's I/O and promises: whatever they append is in the group. A microtask would run
  // before most callers have got as far as their append.
  const schedule = (): void => {
    if (scheduled || queue.length === 0) return;
    scheduled = true;
    setImmediate(commitOne);
  };

  /** Whether the group is answered. */
  const commitGroup = (): boolean => {
    const unanswered = options.commit(takeGroup());
    if (unanswered.length > 0) queue = [...unanswered, ...queue];
    return unanswered.length === 0;
  };

  const commitOne = (): void => {
    scheduled = false;
    if (queue.length === 0 || commitGroup()) {
      schedule();
      return;
    }
    scheduled = true;
    setTimeout(commitOne, LOCK_POLL_MS);
  };

  return {
    enqueue: (item) => {
      if (queue.length >= options.queueLimit) return false;
      queue.push(item);
      schedule();
      return true;
    },
    waiting: () => queue.length,
    flush: () => {
      while (queue.length > 0) if (!commitGroup()) return false;
      return true;
    },
  };
};
