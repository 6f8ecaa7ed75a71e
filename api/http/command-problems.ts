/** What the command port's failures mean in HTTP. */
import type { CommandFailure, ExpectedVersions } from '../../infra/commands/command-port';
import type { Rejection } from '../../domain/kernel/decider';
import { problem, retryAfter, type Problem } from './problem';

const RETRY_SOON_SECONDS = 1;
const RETRY_LATER_SECONDS = 5;

/** The problem that a failed command is answered with. */
export const commandProblem = (failure: CommandFailure): Problem => {
  switch (failure._tag) {
    case 'Rejected':
      return rejected(failure.rejection, failure.stream, failure.replayed);
    case 'VersionMismatch':
      return versionMismatch(failure.stream, failure.expected, failure.actual);
    case 'ConcurrentChange':
      return problem(
        'concurrent-change',
        `${failure.stream} changed ${failure.attempts} times while the command was decided; send it again.`,
        { headers: retryAfter(RETRY_SOON_SECONDS) },
      );
    case 'KeyReused':
      return problem(
        'idempotency-key-reused',
        `The Idempotency-Key '${failure.key}' came before with another request.`,
      );
    case 'KeyInProgress':
      return problem('request-in-progress', `A request with the Idempotency-Key '${failure.key}' is under way.`, {
        headers: retryAfter(RETRY_SOON_SECONDS),
      });
    case 'UnreadableStream':
      return problem('unreadable-stream', `${failure.eventId} cannot be read: ${failure.reason}`, {
        extensions: { stream: failure.stream, eventId: failure.eventId },
      });
    case 'EventTooLarge': {
      const { stream, type, sizeBytes, limitBytes } = failure;
      return problem(
        'event-too-large',
        `The command would record ${type} in ${stream} as a record of ${sizeBytes} bytes, more than the ${limitBytes} that can be published; nothing was written.`,
        { extensions: { stream, eventType: type, sizeBytes, limitBytes } },
      );
    }
    case 'StoreOverloaded':
      return problem('overloaded', 'Too many commands wait for the disk; nothing was written.', {
        headers: retryAfter(RETRY_SOON_SECONDS),
      });
    case 'StoreBehind':
      return problem('store-behind', failure.reason, { headers: retryAfter(RETRY_LATER_SECONDS) });
    case 'StoreUnavailable':
      return storeUnavailable();
  }
};

/** `If-Match` named a version that the stream does not have. */
export const versionMismatch = (stream: string, expected: ExpectedVersions | '*', actual: number): Problem =>
  problem('version-mismatch', `${stream} has version ${actual}, ${wanted(expected)}.`, {
    extensions: { stream, expected, actual },
    headers: { etag: `"${actual}"` },
  });

const wanted = (expected: ExpectedVersions | '*'): string => {
  if (typeof expected !== 'object') return `not ${expected}`;
  return expected.length === 0 ? 'and no tag of the condition is a version' : `none of ${expected.join(', ')}`;
};

/** The store can't be read or written; why stands in the log, not in the answer. */
export const storeUnavailable = (): Problem =>
  problem('store-unavailable', 'The event store cannot be reached just now; nothing was written.', {
    headers: retryAfter(RETRY_LATER_SECONDS),
  });

const rejected = ({ type, message }: Rejection, stream: string, replayed: boolean): Problem => {
  const words = wordsOf(type);
  return {
    type: `/problems/${words.join('-')}`,
    title: sentence(words),
    status: 422,
    detail: message,
    extensions: { rejection: type, stream },
    headers: replayed ? { 'idempotency-replayed': 'true' } : {},
  };
};

/** `OrderAlreadyDelivered` as `order`, `already`, `delivered`. */
const wordsOf = (type: string): ReadonlyArray<string> =>
  type.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/).map((word) => word.toLowerCase());

const sentence = (words: ReadonlyArray<string>): string => {
  const text = words.join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
};
