/** The answer to a command as it is kept beside its idempotency key: what was said once is said again, word for word. */
import * as E from 'fp-ts/Either';
import type { Rejection } from '../../domain/kernel/decider';
import type { RequestOutcome } from '../../domain/kernel/event-store';
import type { CommandFailure, CommandRequest, CommandResult } from './command-port';

/** Storage format, version with care: answers outlive the program that gave them. */
type RememberedAnswer =
  | { readonly kind: 'done'; readonly result: Omit<CommandResult, 'replayed'> }
  | { readonly kind: 'rejected'; readonly stream: string; readonly rejection: Rejection };

/** A command's answer before it is known whether it is the first or a repeat. */
export type Answer = E.Either<
  { readonly stream: string; readonly rejection: Rejection },
  Omit<CommandResult, 'replayed'>
>;

/** The row that remembers an answer. */
export const outcomeOfAnswer = (
  { scope, key, requestHash }: NonNullable<CommandRequest['idempotency']>,
  answer: Answer,
): RequestOutcome => {
  const remembered: RememberedAnswer = E.isRight(answer)
    ? { kind: 'done', result: answer.right }
    : { kind: 'rejected', ...answer.left };
  return { scope, key, requestHash, response: JSON.stringify(remembered) };
};

/** The remembered answer, given again; or that the key was used for something else. */
export const replay = (
  { key, requestHash, response }: RequestOutcome,
  asked: { readonly requestHash: string },
): E.Either<CommandFailure, CommandResult> => {
  if (requestHash !== asked.requestHash) return E.left({ _tag: 'KeyReused', key });
  // Written by outcomeOfAnswer, and by nothing else.
  const remembered = JSON.parse(response) as RememberedAnswer;
  return given(remembered.kind === 'done' ? E.right(remembered.result) : E.left(remembered), true);
};

/** An answer as the port gives it. */
export const given = (answer: Answer, replayed: boolean): E.Either<CommandFailure, CommandResult> =>
  E.isRight(answer)
    ? E.right({ ...answer.right, replayed })
    : E.left({ _tag: 'Rejected', stream: answer.left.stream, rejection: answer.left.rejection, replayed });
