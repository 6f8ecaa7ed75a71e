/** Decides a command on a state: what to append, and the outcome. Pure. */
import * as E from 'fp-ts/Either';
import type { NewEvent } from '../../domain/kernel/event-store';
import { eventId, type EventEnvelope } from '../../domain/kernel/recorded-event';
import type { AppendedEvent, CommandFailure, CommandRequest, CommandResult } from './command-port';
import { newEventsOf } from './new-events';
import { toResult, type CommandOutcome } from './remembered-response';
import type { FoldedStream } from './folded-streams';

/** Something to write (events, or a response to remember), or an outcome that stores nothing. */
export type CommandPlan =
  AppendDecision | { readonly _tag: 'Respond'; readonly result: E.Either<CommandFailure, CommandResult> };

export interface AppendDecision {
  readonly _tag: 'Append';
  /** Empty if only the response must be remembered. */
  readonly events: ReadonlyArray<NewEvent>;
  /** The version that the decision is based on, which the stream must still have. */
  readonly expectedVersion: number;
  readonly outcome: (appended: ReadonlyArray<EventEnvelope>) => CommandOutcome;
  readonly nextState: (appended: ReadonlyArray<EventEnvelope>) => FoldedStream;
}

/** Decides the command. Throws EventBreaksContract, and whatever the aggregate throws: defects, before anything is written. */
export const decide = (state: FoldedStream, stream: string, request: CommandRequest): CommandPlan => {
  const { aggregate, command, expectedVersion, idempotency, dryRun } = request;
  if (expectedVersion !== undefined && ![expectedVersion].flat().includes(state.version)) {
    const mismatch = { _tag: 'VersionMismatch', stream, expected: expectedVersion, actual: state.version } as const;
    return { _tag: 'Respond', result: E.left(mismatch) };
  }
  const decided = state.fold.decide(command);
  const events = E.isRight(decided) ? newEventsOf(aggregate, decided.right) : [];
  // Folded before anything is written: an event that can't be folded must not be stored.
  const fold = events.reduce((folded, { type, data }) => folded.apply({ type, data }), state.fold);

  const endOf = (appended: ReadonlyArray<EventEnvelope>): Pick<FoldedStream, 'version' | 'position'> =>
    appended.at(-1) ?? state;
  const outcomeWith = (
    { version, position }: Pick<FoldedStream, 'version' | 'position'>,
    appendedEvents: ReadonlyArray<AppendedEvent>,
  ): CommandOutcome =>
    E.isRight(decided)
      ? E.right({ stream, version, position, events: appendedEvents })
      : E.left({ stream, rejection: decided.left });

  const nothingToWrite = events.length === 0 && idempotency === undefined;
  if (dryRun || nothingToWrite) {
    const would = events.map((event, index) => wouldAppend(event, stream, state.version + index + 1));
    const end = { version: state.version + events.length, position: state.position };
    return { _tag: 'Respond', result: toResult(outcomeWith(end, would), false) };
  }
  return {
    _tag: 'Append',
    events,
    expectedVersion: state.version,
    outcome: (appended) => outcomeWith(endOf(appended), appended.map(toAppendedEvent)),
    nextState: (appended) => {
      const { version, position } = endOf(appended);
      return { version, position, fold };
    },
  };
};

const toAppendedEvent = ({ id, type, schemaVersion, version, position }: EventEnvelope): AppendedEvent => ({
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
