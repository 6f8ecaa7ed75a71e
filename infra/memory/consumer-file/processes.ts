/** What processes remember, in memory. */
import type { ProcessRows } from '../../reactors/processes/processes';
import { keyOf, nextNumber, removeWhere, type MemoryTables } from './tables';

export const memoryProcesses = (tables: MemoryTables): ProcessRows => {
  const { versions, states, deadlines, issued, pending, staleRows } = tables;
  const lacksEvents = (process: string, instance: string): boolean =>
    [...staleRows.values()].some(({ consumer, row }) => consumer === process && (row === '*' || row === instance));
  return {
    version: (process) => versions.get(process),
    begin: (process, version) => {
      const isOfProcess = (key: string): boolean => key.startsWith(`${JSON.stringify([process]).slice(0, -1)},`);
      for (const key of [...states.keys()].filter(isOfProcess)) states.delete(key);
      for (const key of [...issued].filter(isOfProcess)) issued.delete(key);
      removeWhere(deadlines, (each) => each.process === process);
      removeWhere(pending, (each) => each.process === process);
      versions.set(process, version);
    },
    state: (process, instance) => states.get(keyOf(process, instance)),
    writeState: (process, instance, state) => void states.set(keyOf(process, instance), state),
    addDeadline: (process, deadline) => {
      const key = keyOf(process, deadline.id);
      if (!deadlines.has(key)) deadlines.set(key, { ...deadline, process, passed: false, fault: null });
    },
    deadlinesDue: (process, nowMs, limit) =>
      [...deadlines.values()]
        .filter((each) => each.process === process && !each.passed && each.fault === null && each.dueAtMs <= nowMs)
        .filter(({ instance }) => !lacksEvents(process, instance))
        .sort((left, right) => left.dueAtMs - right.dueAtMs)
        .slice(0, limit)
        .map(({ id, instance, dueAtMs, traceparent }) => ({ id, instance, dueAtMs, traceparent })),
    passDeadline: (process, id) => {
      const deadline = deadlines.get(keyOf(process, id));
      if (deadline === undefined || deadline.passed) return false;
      deadlines.set(keyOf(process, id), { ...deadline, passed: true });
      return true;
    },
    suspendDeadline: (process, id, fault) => {
      const deadline = deadlines.get(keyOf(process, id));
      if (deadline !== undefined) deadlines.set(keyOf(process, id), { ...deadline, fault });
    },
    ...memoryPending(tables),
    resumeAll: () => {
      const parkedCommands = [...pending.values()].filter(({ parked }) => parked);
      for (const command of parkedCommands) pending.set(command.seq, { ...command, parked: false });
      const held = [...deadlines].filter(([, { fault }]) => fault !== null);
      for (const [key, deadline] of held) deadlines.set(key, { ...deadline, fault: null });
      return parkedCommands.length + held.length;
    },
  };
};

/** The pending commands. */
const memoryPending = (
  tables: MemoryTables,
): Pick<ProcessRows, 'issue' | 'remove' | 'noteAttempt' | 'postpone' | 'suspend' | 'pending'> => {
  const { issued, pending } = tables;
  const changePending = (seq: number, parked: boolean): void => {
    const command = pending.get(seq);
    if (command !== undefined) pending.set(seq, { ...command, parked, attempts: command.attempts + 1 });
  };
  return {
    issue: (process, instance, command, traceparent) => {
      const key = keyOf(process, command.id);
      if (issued.has(key)) return undefined;
      issued.add(key);
      const seq = nextNumber(tables, 'command');
      pending.set(seq, { seq, process, instance, command, attempts: 0, traceparent, notBeforeMs: 0, parked: false });
      return seq;
    },
    remove: (seq) => void pending.delete(seq),
    noteAttempt: (seq) => changePending(seq, pending.get(seq)?.parked ?? false),
    postpone: (seq, notBeforeMs) => {
      const command = pending.get(seq);
      if (command !== undefined) pending.set(seq, { ...command, notBeforeMs });
    },
    suspend: (seq) => changePending(seq, true),
    pending: (process, instance) =>
      [...pending.values()]
        .filter((each) => each.process === process && (instance === undefined || each.instance === instance))
        .sort((left, right) => left.seq - right.seq)
        .map(({ seq, instance: of, command, attempts, traceparent, notBeforeMs }) => ({
          seq,
          instance: of,
          command,
          attempts,
          traceparent,
          notBeforeMs,
        })),
  };
};
