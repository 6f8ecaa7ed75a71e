/** Bodies must be JSON in UTF-8; nothing in them is altered, and the problem of an invalid one names the position of the error. */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { irregularBody } from './invalid-body';
import { whereNotJson } from './json-position';
import { problem, ProblemError } from './problem';
import { MAX_VALUES, scanJson } from './strict-json';

/** Accepts `application/json` only. An empty body becomes undefined; the route decides whether it is allowed. */
export const takeJsonOnly = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    // `parseAs` guarantees a buffer.
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
  const detail = `The body is not UTF-8: the byte at offset ${byteOffset} (counted from 0) does not begin a character.`;
  const errors = [{ path: '/', message: `is not UTF-8 from byte ${byteOffset} on` }];
  return new ProblemError(problem('body-not-json', detail, { extensions: { errors, byteOffset } }));
};

const offsetOfInvalid = (bytes: Buffer): number => {
  let at = 0;
  for (let length = lengthAt(bytes, at); length > 0; length = lengthAt(bytes, at)) at += length;
  return at;
};

/** The length in bytes of the character that begins here; 0 if none does. */
const lengthAt = (bytes: Buffer, at: number): number => {
  const lead = bytes[at] ?? 0xff;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const [min, max] = SECOND_BYTES.get(lead) ?? [0x80, 0xbf];
  if (second < min || second > max) return 0;
  for (let next = at + 2; next < at + length; next += 1) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
};

/** Lead bytes with a restricted second byte, which excludes overlong encodings, surrogates and code points above U+10FFFF. */
const SECOND_BYTES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0xe0, [0xa0, 0xbf]],
  [0xed, [0x80, 0x9f]],
  [0xf0, [0x90, 0xbf]],
  [0xf4, [0x80, 0x8f]],
]);
