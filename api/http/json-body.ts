/** Bodies are JSON in UTF-8 or refused; nothing of them is bent, and what is not JSON is refused with its place. */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { irregularBody } from './invalid-body';
import { whereNotJson } from './json-position';
import { problem, ProblemError } from './problem';
import { MAX_VALUES, scanJson } from './strict-json';

/** Takes `application/json` only. An empty body is left undefined: whether that will do is the route's to say. */
export const takeJsonOnly = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    // `parseAs` has made it a buffer.
    const parsed = parse(bytes as Buffer);
    if (parsed instanceof ProblemError) done(parsed);
    else done(null, parsed.value);
  });
};

const parse = (bytes: Buffer): { readonly value: unknown } | ProblemError => {
  if (bytes.length === 0) return { value: undefined };
  if (!isUtf8(bytes)) return notUtf8(bytes);
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return notJson(text);
  }
  const { found } = scanJson(text, value);
  return found === undefined ? { value } : new ProblemError(irregularBody(found));
};

const notJson = (text: string): ProblemError => {
  const position = whereNotJson(text);
  if (position === undefined) {
    const errors = [{ path: '/', message: 'is not JSON' }];
    const detail = `The body is not JSON; the place is looked for in its first ${MAX_VALUES} values, and lies behind them.`;
    return new ProblemError(problem('body-not-json', detail, { extensions: { errors } }));
  }
  const { line, column } = position;
  const detail = `The body stops being JSON at line ${line}, column ${column}.`;
  const errors = [{ path: '/', message: `is not JSON from line ${line}, column ${column} on` }];
  return new ProblemError(problem('body-not-json', detail, { extensions: { errors } }));
};

const notUtf8 = (bytes: Buffer): ProblemError => {
  const byteOffset = offsetOfInvalid(bytes);
  const detail = `The body is not UTF-8: the byte at offset ${byteOffset} (counted from 0) begins no character.`;
  const errors = [{ path: '/', message: `is not UTF-8 from byte ${byteOffset} on` }];
  return new ProblemError(problem('body-not-json', detail, { extensions: { errors, byteOffset } }));
};

const offsetOfInvalid = (bytes: Buffer): number => {
  let at = 0;
  for (let length = lengthAt(bytes, at); length > 0; length = lengthAt(bytes, at)) at += length;
  return at;
};

/** How many bytes the character takes that begins here; 0 where none does. */
const lengthAt = (bytes: Buffer, at: number): number => {
  const lead = bytes[at] ?? 0xff;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const [least, most] = SECOND_BYTES.get(lead) ?? [0x80, 0xbf];
  if (second < least || second > most) return 0;
  for (let next = at + 2; next < at + length; next += 1) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
};

/** Where not every continuation will do: spellings that are too long, halves of surrogate pairs, beyond U+10FFFF. */
const SECOND_BYTES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0xe0, [0xa0, 0xbf]],
  [0xed, [0x80, 0x9f]],
  [0xf0, [0x90, 0xbf]],
  [0xf4, [0x80, 0x8f]],
]);
