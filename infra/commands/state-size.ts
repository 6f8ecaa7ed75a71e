/** How much memory a folded state holds, roughly: what is shared within it is counted once. */

/**
 * A look at more parts than these (some 5 ms) would hold up everybody else; what is beyond is estimated from the events. A
 * persistent map has eight parts for each entry: the nodes of its tree are members like any.
 */
const MAX_PARTS = 65_000;

const OBJECT_BYTES = 32;
const SLOT_BYTES = 8;
const TEXT_BYTES = 24;

/** In bytes; undefined where the state has more parts than are looked at. */
export const sizeOf = (state: unknown): number | undefined => {
  const seen = new Set<object>();
  const open: unknown[] = [state];
  let bytes = 0;
  for (let parts = 0; open.length > 0; parts += 1) {
    if (parts === MAX_PARTS) return undefined;
    const value = open.pop();
    bytes += SLOT_BYTES;
    if (typeof value === 'string') bytes += TEXT_BYTES + value.length;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    bytes += OBJECT_BYTES;
    for (const member of membersOf(value)) open.push(member);
  }
  return bytes;
};

const membersOf = (value: object): Iterable<unknown> => {
  if (value instanceof Map) return [...(value as ReadonlyMap<unknown, unknown>)].flat();
  if (value instanceof Set) return value as ReadonlySet<unknown>;
  return Object.values(value) as ReadonlyArray<unknown>;
};
