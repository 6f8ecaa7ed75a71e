/**
 * A map that is never changed: setting a key answers a new map, which shares all but one path with the old one. States
 * that grow with use (the reservations of a much-wanted article) fold in steps of constant cost, yet stay values: a copy
 * of an object at each event would make the fold quadratic.
 *
 * The hash trie is immutable's; what is added here is an order that does not hang on the order of events.
 */
import { Map as ImmutableMap } from 'immutable';

type Entry<Value> = readonly [key: string, value: Value];

/** An immutable map from text to values. */
export class PersistentMap<Value> {
  private constructor(private readonly map: ImmutableMap<string, Value>) {}

  /** A map without entries. */
  static empty<Value>(): PersistentMap<Value> {
    return new PersistentMap(ImmutableMap<string, Value>());
  }

  /** A map of entries; of those with the same key the last counts. */
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

  /** Every entry in the order of keys. */
  entries(): ReadonlyArray<Entry<Value>> {
    return [...this.map].sort(([left], [right]) => (left < right ? -1 : 1));
  }

  /** Shows as a plain object in JSON. */
  toJSON(): Readonly<Record<string, Value>> {
    return Object.fromEntries(this.entries());
  }
}
