/** Commands by outcome, with their latency, counted round the command handler. */
import * as E from 'fp-ts/Either';
import type { Clock } from '../clock';
import type { CommandFailure, CommandRequest, CommandResult, HandleCommand } from '../commands/command-port';
import type { LabelsOf } from './declarations';
import { sample, type Metrics } from './registry';

interface Counted {
  readonly labels: LabelsOf<'tidemark_commands_total'>;
  count: number;
}

/** The handler with its commands counted. In plain maps: a command must not pay for the labels of a metric. */
export const observedCommands = (
  handle: HandleCommand,
  metrics: Metrics,
  clock: Pick<Clock, 'monotonicMs'>,
): HandleCommand => {
  const commands = new Map<string, Counted>();
  const appended = new Map<string, number>();
  metrics.collect('commands', () => [
    ...[...commands.values()].map(({ labels, count }) => sample('tidemark_commands_total', labels, count)),
    ...[...appended].map(([type, count]) => sample('tidemark_events_appended_total', { type }, count)),
  ]);
  const count = ({ category: aggregate }: CommandRequest['aggregate'], command: string, outcome: string): void => {
    const name = `${aggregate} ${command} ${outcome}`;
    const known = commands.get(name);
    if (known === undefined) commands.set(name, { labels: { aggregate, command, outcome }, count: 1 });
    else known.count += 1;
  };
  return (request) => async () => {
    const startedAtMs = clock.monotonicMs();
    const result = await handle(request)();
    metrics.observe('tidemark_command_seconds', {}, (clock.monotonicMs() - startedAtMs) / 1_000);
    count(request.aggregate, request.command.type, outcomeOf(request, result));
    if (E.isRight(result) && !request.dryRun && !result.right.replayed) {
      for (const { type } of result.right.events) appended.set(type, (appended.get(type) ?? 0) + 1);
    }
    return result;
  };
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
