/** Entity tags as in RFC 9110: lists of them, weak ones, and `*`. */
import type { IncomingHttpHeaders } from 'node:http';
import type { JsonSchema } from '../../domain/kernel/codec';
import { failWith } from './problem';

/** The value of a conditional header. */
export type TagCondition = '*' | ReadonlyArray<EntityTag>;

export interface EntityTag {
  readonly isWeak: boolean;
  /** Including its quotes. */
  readonly opaque: string;
}

/** Any character but controls, space, quotes and DEL. */
const TAG = String.raw`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`;
const LIST = new RegExp(String.raw`^(?:[ \t]*,)*[ \t]*${TAG}(?:[ \t]*,(?:[ \t]*${TAG})?)*[ \t]*$`);
const EACH = new RegExp(TAG, 'g');

/** The pattern for the documentation: a header's value without surrounding space, and printable tags only. */
const TAG_LIST_PATTERN = '^(?:W/)?"[!#-~]*"(?:, ?(?:W/)?"[!#-~]*")*$';

/** A conditional header: `*` or tags. */
export const tagListSchema: JsonSchema = { anyOf: [{ const: '*' }, { type: 'string', pattern: TAG_LIST_PATTERN }] };

/** Reads `If-Match` or `If-None-Match`; undefined if it is absent. */
export const tagCondition = (
  headers: IncomingHttpHeaders,
  name: 'if-match' | 'if-none-match',
): TagCondition | undefined => {
  const value = headers[name];
  if (value === undefined) return undefined;
  if (value.trim() === '*') return '*';
  if (!LIST.test(value)) {
    const title = name === 'if-match' ? 'If-Match' : 'If-None-Match';
    failWith('invalid-header', `${title} is ${value}; it takes entity tags such as "2", separated by commas, or *.`);
  }
  return [...value.matchAll(EACH)].map(([tag]) => ({ isWeak: tag.startsWith('W/'), opaque: tag.replace(/^W\//, '') }));
};

/** Whether a response with a body must be sent: false if the client has it already. Comparison is weak, as RFC 9110 requires. */
export const isNoneMatch = (headers: IncomingHttpHeaders, tag: string): boolean => {
  const condition = tagCondition(headers, 'if-none-match');
  if (condition === undefined) return true;
  return condition !== '*' && !condition.some(({ opaque }) => opaque === tag);
};
