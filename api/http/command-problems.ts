/** Maps failures of the command port to HTTP problems. */
import type { CommandFailure, ExpectedVersions } from '../../infra/commands/command-port';
import type { Rejection } from '../../domain/kernel/decider';
import { problem, retryAfter, type Problem } from './problem';

const RETRY_SOON_SECONDS = 1;
const RETRY_LATER_SECONDS = 5;

/** Returns the problem for a failed command. */
export const commandProblem = (failure: CommandFailure): Problem => {
  switch (failure._tag) {
    case 'Rejected':
      return toProblem(failure.rejection, failure.stream, failure.replayed);
    case 'VersionMismatch':
      return versionMismatch(failure.stream, failure.expected, failure.actual);
    case 'ConcurrentChange':
      return problem(
        'concurrent-change',
        `${failure.stream} changed ${failure.attempts} times while the command was being decided; send the command again.`,
        { headers: retryAfter(RETRY_SOON_SECONDS) },
      );
    case 'KeyReused':
      return problem(
        'idempotency-key-reused',
        `The Idempotency-Key '${failure.key}' was used before with another request.`,
      );
    case 'KeyInProgress':
      return problem(
        'request-in-progress',
        `A request with the Idempotency-Key '${failure.key}' is still being processed.`,
        {
          headers: retryAfter(RETRY_SOON_SECONDS),
        },
      );
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
      return problem('overloaded', 'Too many commands are waiting to be written; nothing was written.', {
        headers: retryAfter(RETRY_SOON_SECONDS),
      });
    case 'StoreBehind':
      return problem('store-behind', failure.reason, { headers: retryAfter(RETRY_LATER_SECONDS) });
    case 'StoreUnavailable':
      return storeUnavailable();
  }
};

/** `If-Match` names a version that the stream does not have. */
export const versionMismatch = (stream: string, expected: ExpectedVersions | '*', actual: number): Problem =>
  problem('version-mismatch', `${stream} has version ${actual}, ${expectation(expected)}.`, {
    extensions: { stream, expected, actual },
    headers: { etag: `"${actual}"` },
  });

const expectation = (expected: ExpectedVersions | '*'): string => {
  if (typeof expected !== 'object') return `not ${expected}`;
  return expected.length === 0 ? 'and no tag of the condition is a version' : `none of ${expected.join(', ')}`;
};

/** The store can't be read or written; the reason is logged, not returned to the client. */
export const storeUnavailable = (): Problem =>
  problem('store-unavailable', 'The event store is not available at present; nothing was written.', {
    headers: retryAfter(RETRY_LATER_SECONDS),
  });

const toProblem = ({ type, message }: Rejection, stream: string, replayed: boolean): Problem => {
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
