/** Commands by outcome, with their latency, counted round the command handler. */
import * as E from 'fp-ts/Either';
import type { Clock } from '../clock';
import type { CommandFailure, CommandRequest, CommandResult, HandleCommand } from '../commands/command-port';
import type { Metrics } from './registry';

/** The handler with its commands counted. */
export const observedCommands =
  (handle: HandleCommand, metrics: Metrics, clock: Pick<Clock, 'monotonicMs'>): HandleCommand =>
  (request) =>
  async () => {
    const startedAtMs = clock.monotonicMs();
    const result = await handle(request)();
    const { aggregate, command } = request;
    metrics.observe('tidemark_command_seconds', {}, (clock.monotonicMs() - startedAtMs) / 1_000);
    metrics.add('tidemark_commands_total', {
      aggregate: aggregate.category,
      command: command.type,
      outcome: outcomeOf(request, result),
    });
    if (E.isRight(result) && !request.dryRun && !result.right.replayed) {
      for (const { type } of result.right.events) metrics.add('tidemark_events_appended_total', { type });
    }
    return result;
  };

const outcomeOf = ({ dryRun }: CommandRequest, result: E.Either<CommandFailure, CommandResult>): string => {
  if (E.isLeft(result)) return failureNames[result.left._tag];
  if (dryRun) return 'dry-run';
  if (result.right.replayed) return 'replayed';
  return result.right.events.length > 0 ? 'appended' : 'unchanged';
};

const failureNames: Readonly<Record<CommandFailure['_tag'], string>> = {
  Rejected: 'rejected',
  VersionMismatch: 'version-mismatch',
  ConcurrentChange: 'concurrent-change',
  KeyReused: 'key-reused',
  KeyInProgress: 'key-in-progress',
  UnreadableStream: 'unreadable-stream',
  EventTooLarge: 'event-too-large',
  StoreOverloaded: 'overloaded',
  StoreBehind: 'store-behind',
  StoreUnavailable: 'store-unavailable',
};
