/** An aggregate: a decider with its contracts (events, commands, topic), and the untyped interface that the engine calls. */
import type * as E from 'fp-ts/Either';
import type { AnyCommandDefinition, Command } from './command-definition';
import type { Decider, Rejection } from './decider';
import type { AnyEventDefinition, DomainEvent } from './event-definition';
import {
  assertInteger,
  assertName,
  assertUnique,
  CATEGORY,
  InvalidDeclaration,
  PATH,
  resultFor,
  shownName,
  TOPIC,
} from './declarations';
import { assertTopics } from './topic-names';
import { namesOf } from './event-versions';
import type { Topic } from './topic';

// -------------------------------------------------------------------------------------
// What a team writes
// -------------------------------------------------------------------------------------

/** One aggregate, complete. */
export interface AggregateDefinition<C extends Command, State, Event extends DomainEvent> {
  /** The first part of its streams' names, singular: `order`. */
  readonly category: string;
  /** The path segment of its commands: `orders` in `POST /orders/{id}/{command}`. */
  readonly path: string;
  /** What the aggregate represents, in a sentence. */
  readonly meaning: string;
  readonly topic: Topic;
  readonly events: ReadonlyArray<AnyEventDefinition & { readonly type: Event['type'] }>;
  readonly commands: ReadonlyArray<AnyCommandDefinition & { readonly type: C['type'] }>;
  readonly decider: Decider<C, State, Event>;
  /** For streams that grow long: how the state is stored, so that a command need not read the whole stream. */
  readonly snapshot?: SnapshotCodec<State>;
}

/** How a state becomes JSON and comes back. A snapshot is only a cache of the stream: it is discarded when the decider changes. */
export interface SnapshotCodec<State> {
  /** Raise it when the same events yield a different state, or the stored format changes: the contract check demands it. */
  readonly version: number;
  readonly encode: (state: State) => unknown;
  /** Receives what `encode` returned under the same version. May throw: the stream is read instead. */
  readonly decode: (json: unknown) => State;
}

// -------------------------------------------------------------------------------------
// What the engine calls
// -------------------------------------------------------------------------------------

/** A folded stream whose state only its own decider can read. */
export interface Fold {
  /** The state, for showing. */
  readonly state: unknown;
  readonly apply: (event: DomainEvent) => Fold;
  readonly decide: (command: Command) => E.Either<Rejection, ReadonlyArray<DomainEvent>>;
}

/** An aggregate without its type parameters. */
export interface Aggregate {
  readonly category: string;
  readonly path: string;
  readonly meaning: string;
  readonly topic: Topic;
  readonly events: ReadonlyMap<string, AnyEventDefinition>;
  readonly commands: ReadonlyMap<string, AnyCommandDefinition>;
  /** The fold of an empty stream. */
  readonly emptyFold: Fold;
  /** Absent where the aggregate has no snapshots. */
  readonly snapshot?: FoldSnapshot;
}

/** Folds as JSON values and back. */
export interface FoldSnapshot {
  /** As declared; a stored snapshot also carries a digest of the fold, see infra/commands/fold-behaviour.ts. */
  readonly version: number;
  readonly encode: (fold: Fold) => unknown;
  /** May throw. */
  readonly decode: (json: unknown) => Fold;
}

/**
 * Erases a definition's type parameters. Events and commands that reach the fold have already passed their codecs. Throws
 * {@link InvalidDeclaration} for an invalid name.
 *
 * @example
 * ```ts
 * const loan = defineAggregate<LoanCommand, Loan, LoanEvent>({
 *   category: 'loan', path: 'loans', meaning: 'A book in the hands of a member.', topic,
 *   events: [BookLent, BookReturned], commands: [lend, giveBack],
 *   decider: { decide, evolve, initialState: {} },
 * });
 * ```
 */
export const aggregate = <C extends Command, State, Event extends DomainEvent>(
  definition: AggregateDefinition<C, State, Event>,
): Aggregate => {
  const { decider } = definition;
  const where = `the aggregate ${shownName(definition.category)}`;
  assertNames(definition);
  const foldOf = (state: State): Fold => ({
    state,
    // The codecs of this aggregate produced the event and the command, so they are of its types.
    apply: (event) => foldOf(evolved(state, event as Event)),
    decide: (command) => resultFor(`${where}: decide`, `'${command.type}'`, decider.decide(command as C, state)),
  });
  const evolved = (state: State, event: Event): State => {
    const next = decider.evolve(state, event);
    // A state may be null, or undefined, where it was declared so from the beginning.
    return state === null || state === undefined ? next : resultFor(`${where}: evolve`, event.type, next);
  };
  return {
    category: definition.category,
    path: definition.path,
    meaning: definition.meaning,
    topic: definition.topic,
    events: new Map(definition.events.map((event) => [event.type, event])),
    commands: new Map(definition.commands.map((command) => [command.type, command])),
    emptyFold: foldOf(decider.initialState),
    ...(definition.snapshot === undefined ? {} : { snapshot: foldSnapshot(definition.snapshot, foldOf) }),
  };
};

interface Named {
  readonly category: string;
  readonly path: string;
  readonly topic: Topic;
  readonly events: ReadonlyArray<{ readonly type: string }>;
  readonly commands: ReadonlyArray<{ readonly type: string }>;
}

const assertNames = ({ category, path, topic, events, commands }: Named): void => {
  const where = `the aggregate ${shownName(category)}`;
  assertName(CATEGORY, category, 'an aggregate');
  assertName(PATH, path, where);
  assertTopic(topic, where);
  const types = (definitions: Named['events']) => definitions.map(({ type }) => type);
  assertUnique('event type', types(events), where);
  assertUnique('command', types(commands), where);
};

/** Upper limit on a topic's partitions. */
const MAX_PARTITIONS = 10_000;

const assertTopic = ({ name, partitions, retention, earlier = [] }: Topic, where: string): void => {
  for (const each of [{ name, partitions }, ...earlier]) {
    assertName(TOPIC, each.name, where);
    assertInteger(`the number of partitions of the topic ${each.name}`, each.partitions, where, 1, MAX_PARTITIONS);
  }
  if (retention === 'forever') return;
  assertInteger(`the retention of the topic ${name} in ms`, retention.ms, where, 1, Number.MAX_SAFE_INTEGER);
};

const foldSnapshot = <State>(
  { version, encode, decode }: SnapshotCodec<State>,
  foldOf: (state: State) => Fold,
): FoldSnapshot => ({
  version,
  // The fold was made by this aggregate, so its state has this type.
  encode: ({ state }) => encode(state as State),
  decode: (json) => foldOf(decode(json)),
});

// -------------------------------------------------------------------------------------
// The catalog: every aggregate of a program
// -------------------------------------------------------------------------------------

/** Finds aggregates and event contracts by name. */
export interface Catalog {
  readonly aggregates: ReadonlyArray<Aggregate>;
  readonly byCategory: (category: string) => Aggregate | undefined;
  readonly byTopic: (topic: string) => Aggregate | undefined;
  /** Finds a contract by its current name or an earlier one. */
  readonly eventDefinition: (type: string) => AnyEventDefinition | undefined;
}

/** Builds the catalog. Throws {@link InvalidDeclaration} where two aggregates claim the same category, topic, path or event type. */
export const catalogOf = (aggregates: ReadonlyArray<Aggregate>): Catalog => {
  const itself = (each: Aggregate): Aggregate => each;
  const byCategory = uniqueMap('category', aggregates, ({ category }) => category, itself);
  const byTopic = uniqueMap('topic', aggregates, ({ topic }) => topic.name, itself);
  uniqueMap('path', aggregates, ({ path }) => path, itself);
  assertTopics(
    aggregates.flatMap(({ topic }) => topicNames(topic)),
    'the catalog',
  );
  const named = aggregates.flatMap((owner) =>
    [...owner.events.values()].flatMap((definition) =>
      namesOf(definition).map((name) => ({ name, definition, owner })),
    ),
  );
  const definitions = uniqueMap(
    'event type',
    named,
    ({ name }) => name,
    ({ owner }) => owner,
  );
  return {
    aggregates,
    byCategory: (category) => byCategory.get(category),
    byTopic: (topic) => byTopic.get(topic),
    eventDefinition: (type) => definitions.get(type)?.definition,
  };
};

/** The names of a topic and of the topics that it replaced. */
export const topicNames = ({ name, earlier = [] }: Topic): ReadonlyArray<string> => [
  name,
  ...earlier.map((each) => each.name),
];

const uniqueMap = <A>(
  what: string,
  items: ReadonlyArray<A>,
  keyOf: (item: A) => string,
  ownerOf: (item: A) => Aggregate,
): ReadonlyMap<string, A> => {
  const map = new Map<string, A>();
  for (const item of items) {
    const key = keyOf(item);
    const earlier = map.get(key);
    if (earlier !== undefined) {
      const owners = [earlier, item].map((each) => shownName(ownerOf(each).category)).join(' and ');
      throw new InvalidDeclaration(`the catalog names the ${what} '${key}' twice, in the aggregates ${owners}`);
    }
    map.set(key, item);
  }
  return map;
};
