/**
 * The most frequent of arbitrarily many keys in bounded memory: the Space-Saving sketch (Metwally, Agrawal, El Abbadi 2005). Every key
 * with more than `total / capacity` occurrences is in it; counts are upper bounds, too high by at most `error`.
 */
export interface HeavyHitter {
  readonly key: string;
  readonly count: number;
  /** How much of the count may belong to keys that were there before it. */
  readonly error: number;
}

export interface HeavyHitters {
  readonly add: (key: string) => void;
  readonly total: () => number;
  /** The most frequent first; of equal ones the one that came first. */
  readonly top: (limit: number) => ReadonlyArray<HeavyHitter>;
  /** Halves every count, so that what was long ago counts less. */
  readonly halve: () => void;
}

/** An empty sketch of at most `capacity` keys. */
export const heavyHitters = (capacity: number): HeavyHitters => {
  const places = new Map<string, number>();
  const keys: string[] = [];
  const counts = new Float64Array(capacity);
  const errors = new Float64Array(capacity);
  let total = 0;

  const rarest = (): number => {
    let place = 0;
    for (let other = 1; other < capacity; other += 1) if ((counts[other] ?? 0) < (counts[place] ?? 0)) place = other;
    return place;
  };

  const placeOfNew = (key: string): number => {
    const isFull = keys.length >= capacity;
    const place = isFull ? rarest() : keys.length;
    if (isFull) {
      places.delete(keys[place] ?? '');
      errors[place] = counts[place] ?? 0;
    }
    keys[place] = key;
    places.set(key, place);
    return place;
  };

  return {
    add: (key) => {
      total += 1;
      const place = places.get(key) ?? placeOfNew(key);
      counts[place] = (counts[place] ?? 0) + 1;
    },
    total: () => total,
    top: (limit) =>
      keys
        .map((key, place) => ({ key, count: counts[place] ?? 0, error: errors[place] ?? 0 }))
        .sort((left, right) => right.count - left.count)
        .slice(0, limit),
    halve: () => {
      total /= 2;
      for (let place = 0; place < capacity; place += 1) {
        counts[place] = (counts[place] ?? 0) / 2;
        errors[place] = (errors[place] ?? 0) / 2;
      }
    },
  };
};
