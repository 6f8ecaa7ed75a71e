/** A map that holds so many entries and no more: the one that was touched longest ago goes first. */

export interface BoundedCache<Key, Value> {
  /** Touches the entry. */
  readonly get: (key: Key) => Value | undefined;
  readonly set: (key: Key, value: Value) => void;
  readonly delete: (key: Key) => void;
  readonly clear: () => void;
  readonly size: () => number;
}

/** A cache of at most `capacity` entries; with 0 it remembers nothing. */
export const boundedCache = <Key, Value>(capacity: number): BoundedCache<Key, Value> => {
  // A Map iterates in order of insertion: taking an entry out and putting it in again makes it the youngest.
  const entries = new Map<Key, Value>();
  return {
    get: (key) => {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set: (key, value) => {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= capacity) return;
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        return;
      }
    },
    delete: (key) => void entries.delete(key),
    clear: () => {
      entries.clear();
    },
    size: () => entries.size,
  };
};
