/**
 * Finds where a text stops being JSON: the platform's own parser often does not say. jsonc-parser was tried and not taken: it
 * overflows the stack at 400,000 open brackets, and places a string that is cut off at its opening quote.
 */
import { MAX_VALUES } from './strict-json';

/** A place in a text, both counted from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/**
 * The first place where `text` cannot go on as JSON; its end where it is cut off; undefined where more values stand before it
 * than any request has.
 */
export const whereNotJson = (text: string): TextPosition | undefined => {
  const offset = offsetOf(text);
  if (offset === undefined) return undefined;
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', lineStart)) {
    line += 1;
    lineStart = end + 1;
  }
  return { line, column: offset - lineStart + 1 };
};

const SPACE = /[ \t\n\r]*/y;
const OPEN_STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

/** What may come next. A list instead of recursion, so that deep nesting cannot exhaust the stack. */
type Expected = 'value' | 'key' | ':' | ', or }' | ', or ]';

const offsetOf = (text: string): number | undefined => {
  const expected: Expected[] = ['value'];
  let values = 0;
  let at = after(SPACE, text, 0);
  for (let next = expected.pop(); next !== undefined; next = expected.pop()) {
    if (next === 'value') values += 1;
    if (values > MAX_VALUES) return undefined;
    const end = step(next, text, at, expected);
    if (end === undefined) return stoppedAt(text, at);
    at = after(SPACE, text, end);
  }
  return at;
};

/** Where the expected thing ends, having noted what comes behind it; undefined where it is not there. */
const step = (next: Expected, text: string, at: number, expected: Expected[]): number | undefined => {
  const character = text.charAt(at);
  switch (next) {
    case 'value':
      return stepValue(character, text, at, expected);
    case 'key':
      expected.push(', or }', 'value', ':');
      return afterString(text, at);
    case ':':
      return character === ':' ? at + 1 : undefined;
    case ', or }':
    case ', or ]':
      if (character === next.at(-1)) return at + 1;
      if (character !== ',') return undefined;
      if (next === ', or }') expected.push('key');
      else expected.push(next, 'value');
      return at + 1;
  }
};

const stepValue = (character: string, text: string, at: number, expected: Expected[]): number | undefined => {
  if (character === '"') return afterString(text, at);
  if (character !== '{' && character !== '[') {
    const end = after(SCALAR, text, at);
    return end > at ? end : undefined;
  }
  const close = character === '{' ? '}' : ']';
  const inside = after(SPACE, text, at + 1);
  if (text.charAt(inside) === close) return inside + 1;
  if (character === '{') expected.push('key');
  else expected.push(', or ]', 'value');
  return at + 1;
};

const afterString = (text: string, at: number): number | undefined => {
  const end = after(OPEN_STRING, text, at);
  return end > at && text.charAt(end) === '"' ? end + 1 : undefined;
};

/** Inside a string the place is the first character that cannot stand there, not the opening quote. */
const stoppedAt = (text: string, at: number): number => Math.max(at, after(OPEN_STRING, text, at));

const after = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match === null ? at : at + match[0].length;
};
