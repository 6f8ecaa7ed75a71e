/**
 * An immutable map: setting a key returns a new map, which shares all but one path with the old one. States that grow with
 * use (the reservations of a popular article) fold at a constant cost per event; copying an object at each event would
 * make the fold quadratic.
 *
 * A hash trie: each level picks one of 16 children by 4 bits of the key's hash; a leaf holds a few entries and splits.
 */
type Entry<Value> = readonly [key: string, value: Value];

interface Leaf<Value> {
  readonly entries: ReadonlyArray<Entry<Value>>;
}

interface Branch<Value> {
  readonly children: ReadonlyArray<Node<Value>>;
}

type Node<Value> = Leaf<Value> | Branch<Value>;

const BITS = 4;
const WIDTH = 1 << BITS;
const MAX_DEPTH = 32 / BITS;
const LEAF_ENTRIES = 12;

/** An immutable map from strings to values. */
export class PersistentMap<Value> {
  private constructor(private readonly root: Node<Value>) {}

  /** A map without entries. */
  static empty<Value>(): PersistentMap<Value> {
    return new PersistentMap<Value>({ entries: [] });
  }

  /** A map of entries, each key once. */
  static of<Value>(entries: ReadonlyArray<Entry<Value>>): PersistentMap<Value> {
    return new PersistentMap(
      buildNode(
        entries.map((entry) => ({ entry, bits: hash(entry[0]) })),
        0,
      ),
    );
  }

  /** The value under a key. */
  get(key: string): Value | undefined {
    let node = this.root;
    for (let bits = hash(key); 'children' in node; bits >>>= BITS) node = childAt(node, bits);
    return node.entries.find((entry) => entry[0] === key)?.[1];
  }

  /** This map with the key's value set. */
  set(key: string, value: Value): PersistentMap<Value> {
    return new PersistentMap(withEntry(this.root, [key, value], 0, hash(key)));
  }

  /** Every entry, sorted by key. */
  entries(): ReadonlyArray<Entry<Value>> {
    return entriesOf(this.root).toSorted(([left], [right]) => (left < right ? -1 : 1));
  }

  /** Called by `JSON.stringify`: a plain object. */
  toJSON(): Readonly<Record<string, Value>> {
    return Object.fromEntries(this.entries());
  }
}

const withEntry = <Value>(node: Node<Value>, entry: Entry<Value>, depth: number, bits: number): Node<Value> => {
  if ('children' in node) {
    const child = withEntry(childAt(node, bits), entry, depth + 1, bits >>> BITS);
    return { children: node.children.with(bits % WIDTH, child) };
  }
  const entries = [...node.entries.filter(([key]) => key !== entry[0]), entry];
  return entries.length <= LEAF_ENTRIES || depth === MAX_DEPTH ? { entries } : split(entries, depth);
};

const split = <Value>(entries: ReadonlyArray<Entry<Value>>, depth: number): Node<Value> => ({
  children: Array.from({ length: WIDTH }, (_, index) => ({
    entries: entries.filter(([key]) => (hash(key) >>> (depth * BITS)) % WIDTH === index),
  })),
});

interface HashedEntry<Value> {
  readonly entry: Entry<Value>;
  readonly bits: number;
}

/** Builds a subtree from all its entries at once, without the copies that adding them one by one would make. */
const buildNode = <Value>(entries: ReadonlyArray<HashedEntry<Value>>, depth: number): Node<Value> => {
  if (entries.length <= LEAF_ENTRIES || depth === MAX_DEPTH) return { entries: entries.map(({ entry }) => entry) };
  const parts: HashedEntry<Value>[][] = Array.from({ length: WIDTH }, () => []);
  for (const each of entries) parts[(each.bits >>> (depth * BITS)) % WIDTH]?.push(each);
  return { children: parts.map((part) => buildNode(part, depth + 1)) };
};

const childAt = <Value>({ children }: Branch<Value>, bits: number): Node<Value> => {
  const child = children[bits % WIDTH];
  if (child === undefined) throw new Error('a branch always has all its children');
  return child;
};

const entriesOf = <Value>(node: Node<Value>): ReadonlyArray<Entry<Value>> =>
  'children' in node ? node.children.flatMap(entriesOf) : node.entries;

/** FNV-1a over UTF-16 units, 32 bits; it only has to distribute keys well. */
const hash = (key: string): number => {
  let result = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) result = Math.imul(result ^ key.charCodeAt(index), 0x01000193);
  // The low bits of FNV mix the least, and they choose the first child.
  return (result ^ (result >>> 15)) >>> 0;
};
