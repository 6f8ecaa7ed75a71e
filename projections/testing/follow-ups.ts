/** What follows from events and deadlines in an application in memory: rows, and the commands of process managers. */
import { isLeft } from 'fp-ts/Either';
import { REACTORS_SCOPE } from '../../domain/kernel/event-store';
import type { ProcessCommand } from '../../domain/kernel/process-manager';
import type { PendingCommand } from '../../infra/reactors/processes/processes';
import { acceptedOutcome, rejectedOutcome, type MemoryProcesses } from './processes';
import type { MemoryView } from './rows';
import type { ManualClock } from './test-clock';
import type { Submitted, WritingSide } from './writing-side';

/** Runs everything that follows from new events and from these commands. */
export type FollowUps = (issued: ReadonlyArray<PendingCommand>) => Promise<void>;

interface Consumers extends WritingSide {
  readonly views: ReadonlyArray<MemoryView>;
  readonly processes: ReadonlyArray<MemoryProcesses>;
}

/** Far more than any test means to cause: process managers that answer each other without end reach it. */
const MAX_COMMANDS = 10_000;

/** What runs after every command of a test. */
export const followUps = ({ submit, events, views, processes }: Consumers): FollowUps => {
  let applied = 0;
  /** Applies the new events; returns the commands that process managers issue. */
  const consume = (): ReadonlyArray<PendingCommand> => {
    const fresh = events().slice(applied);
    applied += fresh.length;
    return fresh.flatMap((event) => {
      for (const view of views) view.apply(event);
      return processes.flatMap(({ applyEvent }) => applyEvent(event));
    });
  };
  return async (issued) => {
    const queue = [...issued, ...consume()];
    for (let count = 0; queue.length > 0; count += 1) {
      const pending = queue.shift();
      if (pending === undefined) return;
      const name = pending.process.name;
      if (count === MAX_COMMANDS) throw new Error(`the process manager ${name} issues commands without end`);
      const outcome = await submit(submittedBy(name, pending.command));
      const owner = processes.find(({ manager }) => manager.name === name);
      const { command } = pending;
      const next = isLeft(outcome)
        ? rejectedOutcome(command, outcome.left.type, outcome.left.message)
        : acceptedOutcome(command);
      queue.push(...(owner?.applyOutcome(pending, next) ?? []), ...consume());
    }
  };
};

/** As the reactors post it: under a key that makes a repeat harmless. */
const submittedBy = (process: string, command: ProcessCommand): Submitted => ({
  category: command.category,
  id: command.aggregateId,
  type: command.type,
  body: command.data,
  metadata: { correlationId: command.correlationId, causationId: command.causationId, actor: process },
  idempotency: { scope: REACTORS_SCOPE, key: command.id, requestHash: JSON.stringify([command.type, command.data]) },
});

/** Each deadline passes when the clock reaches it, and what follows from it happens before the next one. */
export const passTime = async (
  processes: ReadonlyArray<MemoryProcesses>,
  clock: ManualClock,
  durationMs: number,
  follow: FollowUps,
): Promise<void> => {
  const untilMs = clock.nowMs() + durationMs;
  for (;;) {
    const [next] = processes
      .flatMap((owner) => owner.deadlines().map((due) => ({ owner, due, atMs: Date.parse(due.deadline.dueAt) })))
      .filter(({ atMs }) => atMs <= untilMs)
      .sort((left, right) => left.atMs - right.atMs);
    if (next === undefined) break;
    clock.advance(Math.max(0, next.atMs - clock.nowMs()));
    await follow(next.owner.applyDeadline(next.due));
  }
  clock.advance(untilMs - clock.nowMs());
};
