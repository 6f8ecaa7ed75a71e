/** Consistency tokens: the id of an event that a response must reflect. */
import { categoryOf, aggregateIdOf, parseEventId } from '../../domain/kernel/recorded-event';
import type { Aggregate, Catalog } from '../../domain/kernel/aggregate';
import type { JsonSchema } from '../../domain/kernel/codec';
import { Identifier, IDENTIFIER_PATTERN } from '../../domain/kernel/values';
import { failWith } from './problem';

/** A token that names an event of a known aggregate; whether the event exists is not checked here. */
export interface ConsistencyToken {
  /** The token itself: the event's id. */
  readonly id: string;
  readonly aggregate: Aggregate;
  readonly aggregateId: string;
}

const MAX_TOKENS = 20;

/** Parses the header: one or more tokens, separated by commas. */
export const consistencyTokensOf = (
  header: string | ReadonlyArray<string> | undefined,
  catalog: Catalog,
): ReadonlyArray<ConsistencyToken> => {
  if (header === undefined) return [];
  const texts = String(header).split(',');
  if (texts.length > MAX_TOKENS) failWith('invalid-header', `Consistency-Token accepts at most ${MAX_TOKENS} tokens.`);
  return texts.map((text) => tokenOf(text.trim(), catalog));
};

const VERSION_AT_END = /@[1-9][0-9]{0,14}$/;

/**
 * The header's JSON Schema, with one example for tools that can't generate one from the pattern: if possible a token of an
 * aggregate that the view does not read, so that a request with it does not wait.
 */
export const tokensSchema = ({ aggregates }: Catalog, topics: ReadonlyArray<string>): JsonSchema => {
  const categories = aggregates.map(({ category }) => category);
  const example = aggregates.find(({ topic }) => !topics.includes(topic.name)) ?? aggregates[0];
  const token = `(?:${categories.join('|')})-${IDENTIFIER_PATTERN.slice(1, -1)}@[1-9][0-9]{0,14}`;
  const pattern = `^${token}(?:, ?${token}){0,${MAX_TOKENS - 1}}$`;
  return { anyOf: [{ const: `${example?.category ?? ''}-1@1` }, { type: 'string', pattern }] };
};

const tokenOf = (text: string, catalog: Catalog): ConsistencyToken => {
  const event = VERSION_AT_END.test(text) ? parseEventId(text) : undefined;
  const aggregateId = event === undefined ? '' : aggregateIdOf(event.stream);
  if (event === undefined || !event.stream.includes('-') || !Identifier.is(aggregateId)) {
    const detail = `Consistency-Token holds '${text}'; it takes tokens from responses to commands, such as order-o1@3.`;
    return failWith('invalid-header', detail);
  }
  const aggregate = catalog.byCategory(categoryOf(event.stream));
  if (aggregate !== undefined) return { id: text, aggregate, aggregateId };
  const known = catalog.aggregates.map(({ category }) => category);
  const detail = `Consistency-Token '${text}' names no known category; there are ${known.join(', ')}.`;
  return failWith('invalid-header', detail, { extensions: { known } });
};
