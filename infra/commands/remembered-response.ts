/** The response to a command as stored with its idempotency key; a repeat of the request gets exactly the same response. */
import * as E from 'fp-ts/Either';
import type { Rejection } from '../../domain/kernel/decider';
import type { RequestOutcome } from '../../domain/kernel/event-store';
import type { CommandFailure, CommandRequest, CommandResult } from './command-port';

/** Storage format, version with care: responses outlive the program that stored them. */
type StoredResponse =
  | { readonly kind: 'done'; readonly result: Omit<CommandResult, 'replayed'> }
  | { readonly kind: 'rejected'; readonly stream: string; readonly rejection: Rejection };

/** A command's outcome, regardless of whether the request is a repeat. */
export type CommandOutcome = E.Either<
  { readonly stream: string; readonly rejection: Rejection },
  Omit<CommandResult, 'replayed'>
>;

/** Returns the row that remembers an outcome. */
export const toStoredOutcome = (
  { scope, key, requestHash }: NonNullable<CommandRequest['idempotency']>,
  outcome: CommandOutcome,
): RequestOutcome => {
  const remembered: StoredResponse = E.isRight(outcome)
    ? { kind: 'done', result: outcome.right }
    : { kind: 'rejected', ...outcome.left };
  return { scope, key, requestHash, response: JSON.stringify(remembered) };
};

/** Returns the remembered result; or a failure if the key was used for another request. */
export const replay = (
  { key, requestHash, response }: RequestOutcome,
  asked: { readonly requestHash: string },
): E.Either<CommandFailure, CommandResult> => {
  if (requestHash !== asked.requestHash) return E.left({ _tag: 'KeyReused', key });
  // Only toStoredOutcome writes this text.
  const remembered = JSON.parse(response) as StoredResponse;
  return toResult(remembered.kind === 'done' ? E.right(remembered.result) : E.left(remembered), true);
};

/** Converts an outcome to the result of the port. */
export const toResult = (outcome: CommandOutcome, replayed: boolean): E.Either<CommandFailure, CommandResult> =>
  E.isRight(outcome)
    ? E.right({ ...outcome.right, replayed })
    : E.left({ _tag: 'Rejected', stream: outcome.left.stream, rejection: outcome.left.rejection, replayed });
