/** One decision on one state: what it would write, and how it is answered. Pure. */
import * as E from 'fp-ts/Either';
import type * as t from 'io-ts';
import type { Aggregate } from '../../domain/kernel/aggregate';
import type { DomainEvent } from '../../domain/kernel/event-definition';
import type { NewEvent } from '../../domain/kernel/event-store';
import { explain } from '../../domain/kernel/explain';
import { eventId, type EventEnvelope } from '../../domain/kernel/recorded-event';
import type { Rejection } from '../../domain/kernel/decider';
import type { AppendedEvent, CommandFailure, CommandRequest, CommandResult } from './command-port';
import type { StreamState } from './stream-state';

/** A command's answer before it is known whether it is the first or a repeat. */
export type Answer = E.Either<
  { readonly stream: string; readonly rejection: Rejection },
  Omit<CommandResult, 'replayed'>
>;

/** Something to write (events, or an answer to remember), an answer that leaves nothing behind, or an unmet precondition. */
export type Decision =
  | AppendDecision
  | { readonly _tag: 'Answer'; readonly answer: Answer }
  | { readonly _tag: 'Refusal'; readonly failure: Extract<CommandFailure, { readonly _tag: 'VersionMismatch' }> };

export interface AppendDecision {
  readonly _tag: 'Append';
  /** None where only the answer is to be remembered. */
  readonly events: ReadonlyArray<NewEvent>;
  /** The version that was decided on, and that the stream must still have. */
  readonly expectedVersion: number;
  readonly answer: (appended: ReadonlyArray<EventEnvelope>) => Answer;
  readonly nextState: (appended: ReadonlyArray<EventEnvelope>) => StreamState;
}

/** Decides. Throws EventBreaksContract, and whatever the aggregate's own rules throw: defects, before anything is written. */
export const decisionOn = (state: StreamState, stream: string, request: CommandRequest): Decision => {
  const { aggregate, command, expectedVersion, idempotency, dryRun } = request;
  if (expectedVersion !== undefined && ![expectedVersion].flat().includes(state.version)) {
    const mismatch = { _tag: 'VersionMismatch', stream, expected: expectedVersion, actual: state.version } as const;
    return { _tag: 'Refusal', failure: mismatch };
  }
  const decided = state.fold.decide(command);
  const events = E.isRight(decided) ? newEventsOf(aggregate, decided.right) : [];
  // Folded before anything is written: an event that its own state can't take must not be stored.
  const fold = events.reduce((folded, { type, data }) => folded.apply({ type, data }), state.fold);

  const endOf = (appended: ReadonlyArray<EventEnvelope>): Pick<StreamState, 'version' | 'position'> =>
    appended.at(-1) ?? state;
  const answerWith = (
    { version, position }: Pick<StreamState, 'version' | 'position'>,
    named: ReadonlyArray<AppendedEvent>,
  ): Answer =>
    E.isRight(decided)
      ? E.right({ stream, version, position, events: named })
      : E.left({ stream, rejection: decided.left });

  const nothingToWrite = events.length === 0 && idempotency === undefined;
  if (dryRun || nothingToWrite) {
    const would = events.map((event, index) => wouldAppend(event, stream, state.version + index + 1));
    const end = { version: state.version + events.length, position: state.position };
    return { _tag: 'Answer', answer: answerWith(end, would) };
  }
  return {
    _tag: 'Append',
    events,
    expectedVersion: state.version,
    answer: (appended) => answerWith(endOf(appended), appended.map(named)),
    nextState: (appended) => {
      const { version, position } = endOf(appended);
      return { version, position, fold };
    },
  };
};

const named = ({ id, type, schemaVersion, version, position }: EventEnvelope): AppendedEvent => ({
  id,
  type,
  schemaVersion,
  version,
  position,
});

const wouldAppend = ({ type, schemaVersion }: NewEvent, stream: string, version: number): AppendedEvent => ({
  id: eventId(stream, version),
  type,
  schemaVersion,
  version,
});

// -------------------------------------------------------------------------------------
// From decided events to events that are ready for the store
// -------------------------------------------------------------------------------------

/** An aggregate decided an event that its own contract does not allow: a defect, and nothing of it is stored. */
export class EventBreaksContract extends Error {
  override readonly name = 'EventBreaksContract';
}

/** Throws {@link EventBreaksContract}: once stored, an event that can't be read would close its stream for good. */
const newEventsOf = (aggregate: Aggregate, events: ReadonlyArray<DomainEvent>): ReadonlyArray<NewEvent> =>
  events.map(({ type, data }) => {
    const definition = aggregate.events.get(type);
    if (definition === undefined) {
      throw new EventBreaksContract(`${aggregate.category} decided ${type}, which its definition does not list`);
    }
    const codec: t.Mixed = definition.codec;
    if (!codec.is(data))
      throw new EventBreaksContract(`${aggregate.category} decided ${type}: ${failures(codec, data)}`);
    return { type, schemaVersion: definition.schemaVersion, data: data as unknown };
  });

const failures = (codec: t.Mixed, data: unknown): string => {
  const decoded = codec.decode(data);
  if (E.isRight(decoded)) return 'its payload does not pass its codec';
  return explain(decoded.left)
    .map(({ path, message }) => `${path} ${message}`)
    .join('; ');
};
