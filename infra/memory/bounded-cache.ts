/** A map that holds so many entries, or so many bytes, and no more: the one that was touched longest ago goes first. */

export interface BoundedCache<Key, Value> {
  /** Touches the entry. */
  readonly get: (key: Key) => Value | undefined;
  readonly set: (key: Key, value: Value) => void;
  readonly delete: (key: Key) => void;
  readonly clear: () => void;
  readonly size: () => number;
  /** What the entries weigh together. */
  readonly weight: () => number;
}

/** What entries weigh, and how much all of them may. */
export interface WeightLimit<Value> {
  readonly max: number;
  readonly of: (value: Value) => number;
}

/**
 * A cache of at most `capacity` entries; with 0 it remembers nothing. With a limit on their weight, entries go until the
 * rest is within it; one that is heavier alone is not kept at all.
 */
export const boundedCache = <Key, Value>(capacity: number, limit?: WeightLimit<Value>): BoundedCache<Key, Value> => {
  // A Map iterates in order of insertion: taking an entry out and putting it in again makes it the youngest.
  const entries = new Map<Key, { readonly value: Value; readonly weight: number }>();
  let total = 0;

  const remove = (key: Key): void => {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  };
  const isOver = (): boolean => entries.size > capacity || (limit !== undefined && total > limit.max);

  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set: (key, value) => {
      remove(key);
      const weight = limit?.of(value) ?? 0;
      if (limit !== undefined && weight > limit.max) return;
      entries.set(key, { value, weight });
      total += weight;
      for (const oldest of entries.keys()) {
        if (!isOver()) return;
        remove(oldest);
      }
    },
    delete: remove,
    clear: () => {
      entries.clear();
      total = 0;
    },
    size: () => entries.size,
    weight: () => total,
  };
};
