/** Entity tags as in RFC 9110: lists of them, weak ones, and `*`. */
import type { IncomingHttpHeaders } from 'node:http';
import type { JsonSchema } from '../../domain/kernel/codec';
import { failWith } from './problem';

/** What a conditional header holds. */
export type TagCondition = '*' | ReadonlyArray<EntityTag>;

export interface EntityTag {
  readonly isWeak: boolean;
  /** With its quotes. */
  readonly opaque: string;
}

/** Any character but controls, space, quotes and DEL. */
const TAG = String.raw`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`;
const LIST = new RegExp(String.raw`^(?:[ \t]*,)*[ \t]*${TAG}(?:[ \t]*,(?:[ \t]*${TAG})?)*[ \t]*$`);
const EACH = new RegExp(TAG, 'g');

/** The same for the documentation, where a header's value comes without the space around it, and with printable tags. */
const TAG_LIST_PATTERN = '^(?:W/)?"[!#-~]*"(?:, ?(?:W/)?"[!#-~]*")*$';

/** A conditional header: `*` or tags. */
export const tagListSchema: JsonSchema = { anyOf: [{ const: '*' }, { type: 'string', pattern: TAG_LIST_PATTERN }] };

/** Reads `If-Match` or `If-None-Match`; undefined where it is not there. */
export const tagCondition = (
  headers: IncomingHttpHeaders,
  name: 'if-match' | 'if-none-match',
): TagCondition | undefined => {
  const value = headers[name];
  if (value === undefined) return undefined;
  if (value.trim() === '*') return '*';
  if (!LIST.test(value)) {
    const title = name === 'if-match' ? 'If-Match' : 'If-None-Match';
    failWith('invalid-header', `${title} is ${value}; it takes entity tags such as "2", with commas between, or *.`);
  }
  return [...value.matchAll(EACH)].map(([tag]) => ({ isWeak: tag.startsWith('W/'), opaque: tag.replace(/^W\//, '') }));
};

/** Whether an answer has to be sent: false where the client has it already. Compared weakly, as RFC 9110 asks. */
export const isNoneMatch = (headers: IncomingHttpHeaders, tag: string): boolean => {
  const condition = tagCondition(headers, 'if-none-match');
  if (condition === undefined) return true;
  return condition !== '*' && !condition.some(({ opaque }) => opaque === tag);
};
