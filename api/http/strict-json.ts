/**
 * Finds what a JSON parser would change silently: repeated names (the last would win), numbers that a double can't represent, and
 * unpaired surrogates (they would be stored as U+FFFD). One pass over the text, without recursion.
 */
import type { PathFailure } from '../../domain/kernel/explain';
import { pointerPart } from './body-failures';

/** Far more than any request needs; later code may therefore walk the value recursively. */
export const MAX_DEPTH = 32;
/** Every schema rejects longer lists; ending the scan at them bounds later work. */
const MAX_ITEMS = 5_000;
/** Far more names than any object in a request has. */
const MAX_NAMES = 1_000;
/** Items, members and objects together: ten fields in each item of the longest list. */
export const MAX_VALUES = 60_000;

/** An object or list that is open at the scan's position. */
interface Level {
  readonly isObject: boolean;
  /** The names of an object so far; set with the first one. */
  names: Set<string> | undefined;
  /** The scan's position in it: a name, or an index. */
  place: string | number;
  expectsName: boolean;
}

/**
 * Returns the first irregularity of a text that `JSON.parse` accepts; undefined if there is none. `value` is the parsed text, used
 * to report the length of a list that is too long. The scan stops at the limits above, so its time is bounded.
 */
export const irregularityOf = (text: string, value: unknown = JSON.parse(text)): PathFailure | undefined => {
  const levels: Level[] = [];
  let values = 0;
  for (let at = 0; at < text.length;) {
    const { end, message, begins } = step(text, at, levels);
    if (message !== undefined) return { path: pointerOf(levels), message };
    if (begins === true) {
      values += 1;
      if (values > MAX_VALUES) return { path: '/', message: `holds more than ${MAX_VALUES} values` };
      if (levels.at(-1)?.place === MAX_ITEMS) return tooLong(value, levels);
    }
    at = end;
  }
  return undefined;
};

/** Reports the current list as too long, in the words of the schemas. */
const tooLong = (value: unknown, levels: Level[]): PathFailure => {
  levels.pop();
  let list = value;
  // The casts are safe: the text has an object or list wherever a level was opened.
  for (const { place } of levels) list = (list as Readonly<Record<string, unknown>>)[place];
  const { length } = list as ReadonlyArray<unknown>;
  return { path: pointerOf(levels), message: `holds ${length} items; it takes at most ${MAX_ITEMS}` };
};

interface Step {
  readonly end: number;
  /** An object or a list opens, or a further item or member follows. */
  readonly begins?: boolean;
  readonly message?: string | undefined;
}

/** Consumes the token at a position; returns a message if a parser would change it. */
const step = (text: string, at: number, levels: Level[]): Step => {
  const end = at + 1;
  switch (text[at]) {
    case '{':
    case '[':
      if (levels.length === MAX_DEPTH) return { end, message: `is nested deeper than ${MAX_DEPTH} levels` };
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
  const wrongName = level?.expectsName === true ? noteName(level, value) : undefined;
  if (HALF_PAIR.test(value)) return { end, message: 'contains an unpaired surrogate, which is not a character' };
  return { end, message: wrongName };
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

/** Records a name; returns a message if the object has it already, or has too many names. */
const noteName = (level: Level, name: string): string | undefined => {
  level.place = name;
  level.expectsName = false;
  level.names ??= new Set();
  if (level.names.has(name)) return 'appears twice in one object';
  level.names.add(name);
  return level.names.size > MAX_NAMES
    ? `is name ${MAX_NAMES + 1} of its object; it takes at most ${MAX_NAMES}`
    : undefined;
};

const pointerOf = (levels: ReadonlyArray<Level>): string =>
  levels.length === 0 ? '/' : levels.map(({ place }) => `/${pointerPart(String(place))}`).join('');

/** With the `u` flag a surrogate pair is one character, so this matches unpaired ones only. */
const HALF_PAIR = /[\ud800-\udfff]/u;

/** Returns the position after the closing quote. */
const endOfString = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') return at + 1;
    if (character === '\\') at += 1;
  }
  return text.length;
};

const NUMBER = /-?\d[\d.eE+-]*/y;

/** Consumes a number, or one other character. */
const numberAt = (text: string, at: number): Step => {
  const code = text.charCodeAt(at);
  if (code !== 0x2d && (code < 0x30 || code > 0x39)) return { end: at + 1 };
  NUMBER.lastIndex = at;
  const token = NUMBER.exec(text)?.[0] ?? '';
  const message = isExact(token) ? undefined : `is ${shortened(token)}, which a double can't represent exactly`;
  return { end: at + Math.max(token.length, 1), message };
};

const PLAIN = /^(?:0|-?[1-9]\d{0,14})$/;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** 1e308 written out has 309 digits. */
const MAX_NUMBER_CHARACTERS = 400;

/** Whether a number survives parsing and printing: `0.1` does; 2^53 + 1, `1e400` and `-0` do not. */
const isExact = (token: string): boolean => {
  if (PLAIN.test(token)) return true;
  if (token.length > MAX_NUMBER_CHARACTERS) return false;
  const value = Number(token);
  return Number.isFinite(value) && decimalOf(token) === decimalOf(String(value));
};

/** Normalises a decimal number: significant digits and the power of ten. */
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
