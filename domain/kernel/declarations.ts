/**
 * The rules for names, checked where a name is declared. Names end up in places that restrict them (a stream's name, a
 * URL, a Kafka topic, a table); without this check the first event that needs such a place would fail.
 */

/**
 * A definition that is invalid: what is wrong, where, and what is allowed.
 *
 * @example
 * ```ts
 * try {
 *   defineCommand('Lend It', { meaning: '', fields: {}, example: {} });
 * } catch (error) {
 *   if (error instanceof InvalidDeclaration) console.error(error.message);
 * }
 * ```
 */
export class InvalidDeclaration extends Error {
  override readonly name = 'InvalidDeclaration';
}

/** A function of a definition returned nothing, because it has no case for what it was given. */
export class MissingCase extends Error {
  override readonly name = 'MissingCase';
}

/**
 * The result of a function of a definition. Throws {@link MissingCase} where it is undefined: a `switch` without a case for what it
 * was given returns that.
 * @param where which function: `the aggregate loan: evolve`
 */
export const resultFor = <Result>(where: string, given: string, result: Result): NonNullable<Result> => {
  // TypeScript allows no such result; plain JavaScript, and a cast, do.
  if (result !== undefined && result !== null) return result;
  throw new MissingCase(`${where} has no case for ${given}: it returns nothing`);
};

/** What a kind of name must look like. */
export interface NameRule {
  readonly what: string;
  readonly pattern: RegExp;
  readonly maxLength: number;
  /** The pattern in prose. */
  readonly allowed: string;
  readonly example: string;
  /** Names that match the pattern but are already in use, each with its use. */
  readonly reserved?: ReadonlyMap<string, string>;
}

const DISPLAY_LIMIT_CHARACTERS = 60;

/** A name as messages show it: quoted, escaped and truncated, since it may be any value. */
export const shownName = (name: unknown): string => {
  if (typeof name !== 'string') return `${String(name)} (not a string)`;
  const text = JSON.stringify(name).slice(1, -1);
  if (text.length <= DISPLAY_LIMIT_CHARACTERS) return `'${text}'`;
  return `'${text.slice(0, DISPLAY_LIMIT_CHARACTERS)}...' (${name.length} characters)`;
};

/** Throws {@link InvalidDeclaration} for a name that breaks its rule; `where` says whose name it is. */
export const assertName = (rule: NameRule, name: string, where: string): void => {
  const { what, pattern, maxLength, allowed, example, reserved } = rule;
  // Definitions may come from plain JavaScript, where nothing has checked that it is a string.
  const isName = typeof (name as unknown) === 'string' && name.length <= maxLength && pattern.test(name);
  if (!isName) {
    throw new InvalidDeclaration(
      `${where}: ${shownName(name)} can't be ${what}; it takes ${allowed}, at most ${maxLength} characters, such as ${example}`,
    );
  }
  const taken = reserved?.get(name.toLowerCase());
  if (taken === undefined) return;
  throw new InvalidDeclaration(`${where}: ${shownName(name)} can't be ${what}; that name is taken by ${taken}`);
};

/** Throws {@link InvalidDeclaration} where a name is declared twice; two names are equal if `same` maps them to one text. */
export const assertUnique = (
  what: string,
  names: ReadonlyArray<string>,
  where: string,
  same: (name: string) => string = (name) => name,
): void => {
  const seen = new Map<string, string>();
  for (const name of names) {
    const earlier = seen.get(same(name));
    if (earlier === name)
      throw new InvalidDeclaration(`${where} names the ${what} '${name}' twice; use each name once`);
    if (earlier !== undefined)
      throw new InvalidDeclaration(
        `${where} names the ${what} '${name}' and also '${earlier}', which is the same name`,
      );
    seen.set(same(name), name);
  }
};

/** Throws {@link InvalidDeclaration} for a number that is not an integer from `least` to `most`. */
export const assertInteger = (what: string, value: number, where: string, least: number, most: number): void => {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new InvalidDeclaration(`${where}: ${what} is ${String(value)}; it takes an integer from ${least} to ${most}`);
};

// -------------------------------------------------------------------------------------
// The rules
// -------------------------------------------------------------------------------------

/** A category ends at the first dash of a stream's name, so it cannot contain one. */
export const CATEGORY: NameRule = {
  what: 'a category',
  pattern: /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/,
  maxLength: 64,
  allowed: 'lower-case letters, digits and single underscores between them, and no dash (a stream is <category>-<id>)',
  example: 'order or gift_card',
};

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const KEBAB_WORDS = 'kebab-case: lower-case letters, digits and single dashes between them';

/** The first path segments of the program's own routes. */
const RESERVED_PATHS: ReadonlyMap<string, string> = new Map(
  ['views', 'streams', 'ops', 'health', 'docs', 'metrics', 'console', 'schemas', 'problems', 'openapi', 'asyncapi'].map(
    (path) => [path, `the program's own address /${path}`],
  ),
);

export const PATH: NameRule = {
  what: 'a path',
  pattern: KEBAB_CASE,
  maxLength: 64,
  allowed: KEBAB_WORDS,
  example: 'orders or gift-cards',
  reserved: RESERVED_PATHS,
};

export const COMMAND: NameRule = {
  what: 'a command',
  pattern: KEBAB_CASE,
  maxLength: 64,
  allowed: KEBAB_WORDS,
  example: 'place or declare-unavailable',
};

/** It has to fit a URL and a metric's label; whether it states a fact is checked by the contract check. */
export const EVENT_TYPE: NameRule = {
  what: 'an event type',
  pattern: /^[A-Z][A-Za-z0-9]*$/,
  maxLength: 100,
  allowed: 'PascalCase: letters and digits, beginning with a capital letter',
  example: 'OrderPlaced',
};

/** Kafka's internal topics. */
const RESERVED_TOPICS: ReadonlyMap<string, string> = new Map([
  ['__consumer_offsets', 'Kafka itself'],
  ['__transaction_state', 'Kafka itself'],
  ['__cluster_metadata', 'Kafka itself'],
]);

/** Kafka's upper limit on the length of a topic's name. */
export const MAX_TOPIC_CHARACTERS = 249;

export const TOPIC: NameRule = {
  what: 'a topic',
  pattern: /^(?!\.{1,2}$)(?!.*\.dlt$)(?!__)[A-Za-z0-9._-]+$/,
  maxLength: MAX_TOPIC_CHARACTERS,
  allowed:
    "letters, digits and . _ - (but not '.', '..', the prefix '__', which Kafka reserves, or the suffix '.dlt', which marks dead-letter topics)",
  example: 'orders',
  reserved: RESERVED_TOPICS,
};

/** A consumer group's name is part of its dead-letter topic's name, `<prefix><group>.dlt`. */
const MAX_GROUP_CHARACTERS = 100;

export const PROJECTION: NameRule = {
  what: 'a projection',
  pattern: KEBAB_CASE,
  maxLength: MAX_GROUP_CHARACTERS,
  allowed: KEBAB_WORDS,
  example: 'order-summary',
};

export const PROCESS_MANAGER: NameRule = {
  what: 'a process manager',
  pattern: KEBAB_CASE,
  maxLength: MAX_GROUP_CHARACTERS,
  allowed: KEBAB_WORDS,
  example: 'fulfilment',
};

export const EFFECT: NameRule = {
  what: 'an effect',
  pattern: KEBAB_CASE,
  maxLength: MAX_GROUP_CHARACTERS,
  allowed: KEBAB_WORDS,
  example: 'delivery-webhook',
};

/** Names that a row or a request for rows has besides the columns. */
const RESERVED_COLUMNS: ReadonlyMap<string, string> = new Map([
  ['stale', 'the flag of rows whose events are parked behind a dead letter'],
  ['limit', "the parameter 'limit' of every list"],
  ['cursor', "the parameter 'cursor' of every list"],
  ['sort', "the parameter 'sort' of every list"],
  ['columns', "the parameter 'columns' of every query"],
  ['wait', "the parameter 'wait' of every query"],
  ['constructor', 'JavaScript itself'],
  ['prototype', 'JavaScript itself'],
]);

export const COLUMN: NameRule = {
  what: 'a column',
  pattern: /^[a-z][A-Za-z0-9]*$/,
  maxLength: 64,
  allowed: 'camelCase: letters and digits, beginning with a lower-case letter',
  example: 'customerId',
  reserved: RESERVED_COLUMNS,
};

export const FIELD: NameRule = {
  what: 'a field',
  pattern: /^[A-Za-z][A-Za-z0-9_]*$/,
  maxLength: 64,
  allowed: 'letters, digits and underscores, beginning with a letter',
  example: 'customerId',
  reserved: new Map([
    ['constructor', 'JavaScript itself'],
    ['prototype', 'JavaScript itself'],
  ]),
};
