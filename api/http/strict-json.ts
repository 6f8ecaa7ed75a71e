/**
 * What a JSON parser would bend in silence: a name that comes twice (the last would win), a number that no double holds,
 * half of a surrogate pair (it would be stored as U+FFFD). One pass over the text, without recursion.
 */
import type { PathFailure } from '../../domain/kernel/explain';
import { pointerPart } from './body-failures';

/** No request has more than a few levels; what is walked later may then be walked by recursion. */
export const MAX_DEPTH = 32;
/** Lists of more are refused by every schema; here the scan ends at them, and what is looked for later stays small. */
const MAX_ITEMS = 5_000;
/** No request has more than a few names in one object. */
const MAX_NAMES = 1_000;
/** Items, members and objects together: ten fields in each item of the longest list. */
export const MAX_VALUES = 60_000;

/** An object or a list that is open at the scan's place. */
interface Level {
  readonly isObject: boolean;
  /** Of an object the names so far, from the first one on. */
  names: Set<string> | undefined;
  /** Where the scan stands in it: a name, or an index. */
  place: string | number;
  expectsName: boolean;
}

/** One thing in a text: how it would be bent, or which limit it passes. */
export interface Irregularity {
  readonly failure: PathFailure;
  /** It is not looked through any further; what is behind may be in order. */
  readonly isLimit: boolean;
}

export interface Scan {
  readonly found?: Irregularity;
  /** The tokens that were looked at: what the scan costs. */
  readonly steps: number;
}

/**
 * Looks for the first irregularity of a text that `JSON.parse` has taken. `value` is what it made of the text: from it a list
 * that is too long is told its length. The scan ends at what no request holds, so its time is bounded.
 */
export const scanJson = (text: string, value: unknown = JSON.parse(text)): Scan => {
  const levels: Level[] = [];
  let values = 0;
  let steps = 0;
  for (let at = 0; at < text.length;) {
    steps += 1;
    const { end, bent, beyond, begins } = step(text, at, levels);
    const message = bent ?? beyond;
    if (message !== undefined)
      return { found: { failure: { path: pointerOf(levels), message }, isLimit: bent === undefined }, steps };
    if (begins === true) {
      values += 1;
      if (values > MAX_VALUES) return { found: { failure: TOO_MANY, isLimit: true }, steps };
      if (levels.at(-1)?.place === MAX_ITEMS)
        return { found: { failure: tooLong(value, levels), isLimit: true }, steps };
    }
    at = end;
  }
  return { steps };
};

const TOO_MANY: PathFailure = { path: '/', message: `holds more than ${MAX_VALUES} values` };

/** The list in which the scan stands, in the words of the schemas. */
const tooLong = (value: unknown, levels: Level[]): PathFailure => {
  levels.pop();
  let list = value;
  // The casts restore what the text has shown: where a level was opened, an object or a list is.
  for (const { place } of levels) list = (list as Readonly<Record<string, unknown>>)[place];
  const { length } = list as ReadonlyArray<unknown>;
  return { path: pointerOf(levels), message: `holds ${length} items; it takes at most ${MAX_ITEMS}` };
};

interface Step {
  readonly end: number;
  /** An object or a list opens, or a further item or member follows. */
  readonly begins?: boolean;
  /** How it would be bent. */
  readonly bent?: string | undefined;
  /** Which limit it passes. */
  readonly beyond?: string | undefined;
}

/** Takes the token at a place. */
const step = (text: string, at: number, levels: Level[]): Step => {
  const end = at + 1;
  switch (text[at]) {
    case '{':
    case '[':
      if (levels.length === MAX_DEPTH) return { end, beyond: `is nested deeper than ${MAX_DEPTH} levels` };
      levels.push(openedBy(text[at]));
      return { end, begins: true };
    case '}':
    case ']':
      levels.pop();
      return { end };
    case ',':
      moveOn(levels.at(-1));
      return { end, begins: true };
    case '"':
      return textAt(text, at, levels.at(-1));
    default:
      return numberAt(text, at);
  }
};

const textAt = (text: string, at: number, level: Level | undefined): Step => {
  const end = endOfString(text, at);
  const written = text.slice(at + 1, end - 1);
  const value = written.includes('\\') ? (JSON.parse(text.slice(at, end)) as string) : written;
  const name = level?.expectsName === true ? noteName(level, value) : {};
  if (HALF_PAIR.test(value)) return { end, bent: 'holds half of a surrogate pair, which is no character' };
  return { end, ...name };
};

const openedBy = (bracket: string | undefined): Level =>
  bracket === '{'
    ? { isObject: true, names: undefined, place: '', expectsName: true }
    : { isObject: false, names: undefined, place: 0, expectsName: false };

const moveOn = (level: Level | undefined): void => {
  if (level === undefined) return;
  if (level.isObject) level.expectsName = true;
  else level.place = Number(level.place) + 1;
};

/** Notes a name; says what is wrong where the object has it already, or too many others. */
const noteName = (level: Level, name: string): Pick<Step, 'bent' | 'beyond'> => {
  level.place = name;
  level.expectsName = false;
  level.names ??= new Set();
  if (level.names.has(name)) return { bent: 'comes twice in one object' };
  level.names.add(name);
  if (level.names.size <= MAX_NAMES) return {};
  return { beyond: `is name ${MAX_NAMES + 1} of its object, which takes at most ${MAX_NAMES}` };
};

const pointerOf = (levels: ReadonlyArray<Level>): string =>
  levels.length === 0 ? '/' : levels.map(({ place }) => `/${pointerPart(String(place))}`).join('');

/** With the `u` flag a pair is one character, so this finds halves only. */
const HALF_PAIR = /[\ud800-\udfff]/u;

/** Behind the closing quote. */
const endOfString = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') return at + 1;
    if (character === '\\') at += 1;
  }
  return text.length;
};

const NUMBER = /-?\d[\d.eE+-]*/y;

/** A number, or one character of anything else. */
const numberAt = (text: string, at: number): Step => {
  const code = text.charCodeAt(at);
  if (code !== 0x2d && (code < 0x30 || code > 0x39)) return { end: at + 1 };
  NUMBER.lastIndex = at;
  const token = NUMBER.exec(text)?.[0] ?? '';
  const bent = isExact(token) ? undefined : `is ${shortened(token)}, which no double-precision number holds exactly`;
  return { end: at + Math.max(token.length, 1), bent };
};

const PLAIN = /^(?:0|-?[1-9]\d{0,14})$/;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** 1e308 written out has 309 digits. */
const MAX_NUMBER_CHARACTERS = 400;

/** Whether a number comes out again as the same value as it went in: `0.1` does, 2^53 + 1, `1e400` and `-0` do not. */
const isExact = (token: string): boolean => {
  if (PLAIN.test(token)) return true;
  if (token.length > MAX_NUMBER_CHARACTERS) return false;
  const value = Number(token);
  const written = String(value);
  return Number.isFinite(value) && (written === token || decimalOf(token) === decimalOf(written));
};

/** A decimal number in one spelling: significant digits and the power of ten. */
const decimalOf = (text: string): string => {
  const [, sign = '', whole = '', fraction = '', power = '0'] = DECIMAL.exec(text) ?? [];
  const digits = whole + fraction;
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === '0') start += 1;
  while (end > start && digits[end - 1] === '0') end -= 1;
  if (start === end) return `${sign}0`;
  return `${sign}${digits.slice(start, end)}e${Number(power) - fraction.length + digits.length - end}`;
};

const shortened = (token: string): string => (token.length > 40 ? `${token.slice(0, 40)}…` : token);
