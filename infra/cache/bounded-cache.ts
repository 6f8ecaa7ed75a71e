/** A map that holds so many entries, or so many bytes, and no more: the one that was touched longest ago goes first. */
import { LRUCache } from 'lru-cache';

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
 * A cache of at most `capacity` entries; with 0 it remembers nothing. With a limit on their weight (whole numbers from 1 on),
 * entries go until the rest is within it; one that is heavier alone is not kept at all.
 */
export const boundedCache = <Key extends string | number, Value>(
  capacity: number,
  limit?: WeightLimit<Value>,
): BoundedCache<Key, Value> => {
  // In an object each, for the library holds no undefined; and 0 would be no limit to it.
  const entries = new LRUCache<Key, { readonly value: Value }>({
    max: Math.max(1, capacity),
    ...(limit === undefined ? {} : { maxSize: limit.max, sizeCalculation: ({ value }) => limit.of(value) }),
  });
  return {
    get: (key) => entries.get(key)?.value,
    set: (key, value) => {
      if (capacity > 0) entries.set(key, { value });
    },
    delete: (key) => void entries.delete(key),
    clear: () => {
      entries.clear();
    },
    size: () => entries.size,
    weight: () => entries.calculatedSize,
  };
};
