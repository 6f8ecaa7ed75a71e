/**
 * An immutable map: setting a key returns a new map, which shares all but one path with the old one. States that grow with
 * use (the reservations of a popular article) fold at a constant cost per event; copying an object at each event would
 * make the fold quadratic.
 *
 * The hash trie is that of the library immutable; this class adds an iteration order that is independent of the events.
 */
import { Map as ImmutableMap } from 'immutable';

type Entry<Value> = readonly [key: string, value: Value];

/**
 * An immutable map from strings to values.
 *
 * @example
 * ```ts
 * const reserved = PersistentMap.empty<number>().set('order-1', 2);
 * reserved.get('order-1'); // 2
 * ```
 */
export class PersistentMap<Value> {
  private constructor(private readonly map: ImmutableMap<string, Value>) {}

  /** A map without entries. */
  static empty<Value>(): PersistentMap<Value> {
    return new PersistentMap(ImmutableMap<string, Value>());
  }

  /** A map of entries; the last one with a key wins. */
  static of<Value>(entries: ReadonlyArray<Entry<Value>>): PersistentMap<Value> {
    return new PersistentMap(ImmutableMap<string, Value>(entries));
  }

  /** The value under a key. */
  get(key: string): Value | undefined {
    return this.map.get(key);
  }

  /** This map with the key's value set. */
  set(key: string, value: Value): PersistentMap<Value> {
    return new PersistentMap(this.map.set(key, value));
  }

  /** Every entry, sorted by key. */
  entries(): ReadonlyArray<Entry<Value>> {
    return [...this.map].sort((left, right) => (left[0] < right[0] ? -1 : 1));
  }

  /** Called by `JSON.stringify`: a plain object. */
  toJSON(): Readonly<Record<string, Value>> {
    return Object.fromEntries(this.entries());
  }
}
