/** JSON text of large values: made in steps of a bounded size, between which others have their turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PersistentMap } from '../domain/kernel/persistent-map';

/** What one step writes at most, unless a single text is longer: about a millisecond's work. */
const STEP_VALUES = 2_000;
const STEP_CHARACTERS = 65_536;

/** An object or a list that is written; an object's members have names. */
interface Open {
  readonly members: Iterator<readonly [name: string, value: unknown]>;
  readonly isList: boolean;
  isEmpty: boolean;
}

/** The text that `JSON.stringify` makes of a value that is no `undefined`, and others have their turn before it and in it. */
export const jsonInSteps = async (value: unknown): Promise<string> => {
  let text = '';
  for (const piece of jsonPieces(value)) {
    await nextTurn();
    text += piece;
  }
  return text;
};

/** The same text in its pieces, each made by one step. */
export function* jsonPieces(value: unknown): Generator<string, void, undefined> {
  const open: Open[] = [];
  let values = 0;
  let text = begun('', value, open);
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    if (values === STEP_VALUES || text.length >= STEP_CHARACTERS) {
      yield text;
      values = 0;
      text = '';
    }
    values += 1;
    const next = level.members.next();
    if (next.done === true) {
      open.pop();
      text += level.isList ? ']' : '}';
      continue;
    }
    const [name, member] = next.value;
    const written = begun(name, member, open);
    if (written === '' && !level.isList) continue;
    text += `${level.isEmpty ? '' : ','}${level.isList ? '' : `${JSON.stringify(name)}:`}${written || 'null'}`;
    level.isEmpty = false;
  }
  yield text;
}

/** A whole value that has no members, or the beginning of another, which is open from then on; empty for what JSON leaves out. */
const begun = (name: string, given: unknown, open: Open[]): string => {
  const value = given instanceof PersistentMap ? given : toJson(name, given);
  if (typeof value !== 'object' || value === null) return jsonOf(value) ?? '';
  const isList = Array.isArray(value);
  open.push({ members: isList ? itemsOf(value) : membersOf(value), isList, isEmpty: true });
  return isList ? '[' : '{';
};

/** For functions and symbols there is none, whatever the types say. */
const jsonOf: (value: unknown) => string | undefined = JSON.stringify;

const toJson = (name: string, value: unknown): unknown => {
  const { toJSON } = Object(value ?? {}) as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON.call(value, name) as unknown) : value;
};

function* itemsOf(list: ReadonlyArray<unknown>): Generator<readonly [string, unknown]> {
  for (const [index, item] of list.entries()) yield [String(index), item];
}

/** A map's entries as they stand: an object made of all of them first would be one more long step. */
const membersOf = (value: object): Iterator<readonly [string, unknown]> =>
  value instanceof PersistentMap
    ? (value as PersistentMap<unknown>).entries()[Symbol.iterator]()
    : namedMembersOf(value as Readonly<Record<string, unknown>>);

function* namedMembersOf(value: Readonly<Record<string, unknown>>): Generator<readonly [string, unknown]> {
  for (const name of Object.keys(value)) yield [name, value[name]];
}
