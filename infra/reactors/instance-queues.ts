/**
 * Pending commands in queues, one for each process instance. A queue is claimed as a whole and only its first command is sent, so
 * that the commands of an instance are sent one after another.
 */
import type { PendingCommand } from './processes/processes';

/** A claimed queue; it cannot be claimed again before it is given back. */
export interface ClaimedQueue {
  readonly first: PendingCommand;
  /** Failed attempts of the first command. */
  attempts: number;
}

export interface InstanceQueues {
  /** Appends each command to its instance's queue, unless it is in it; one behind a suspended command stays only in the file. */
  readonly add: (commands: ReadonlyArray<PendingCommand>) => void;
  /** Whether a queue can be claimed. */
  readonly isAnyReady: () => boolean;
  /** Claims the queue that has been ready for longest; undefined where none is. */
  readonly claim: () => ClaimedQueue | undefined;
  /** Gives a queue back whose first command is done. */
  readonly finish: (claimed: ClaimedQueue) => void;
  /** Gives a queue back whose first command has to be sent again. */
  readonly repeat: (claimed: ClaimedQueue) => void;
  /** Suspends a queue whose first command no retry can help. */
  readonly suspend: (claimed: ClaimedQueue) => void;
  /** Resumes suspended queues, with all their pending commands. */
  readonly release: (commands: ReadonlyArray<PendingCommand>) => void;
  /** The number of commands in queues, including those being sent. */
  readonly waiting: () => number;
}

interface Queue {
  readonly key: string;
  readonly commands: PendingCommand[];
  attempts: number;
}

/** Makes the queues, all of them empty. */
export const instanceQueues = (): InstanceQueues => {
  const queues = new Map<string, Queue>();
  const ready: Queue[] = [];
  const suspended = new Set<string>();
  /** The numbers of all commands in queues. */
  const queued = new Set<number>();

  const add = (pending: PendingCommand): void => {
    const key = keyOf(pending);
    if (suspended.has(key) || queued.has(pending.seq)) return;
    queued.add(pending.seq);
    const queue = queues.get(key);
    if (queue !== undefined) {
      queue.commands.push(pending);
      return;
    }
    const created = { key, commands: [pending], attempts: pending.attempts };
    queues.set(key, created);
    ready.push(created);
  };

  const queueOf = (claimed: ClaimedQueue): Queue => {
    const queue = queues.get(keyOf(claimed.first));
    if (queue === undefined) throw new Error('a claimed queue exists until it is given back');
    return queue;
  };

  return {
    add: (commands) => {
      for (const pending of commands) add(pending);
    },
    isAnyReady: () => ready.length > 0,
    claim: () => {
      const queue = ready.shift();
      const [first] = queue?.commands ?? [];
      return queue === undefined || first === undefined ? undefined : { first, attempts: queue.attempts };
    },
    finish: (claimed) => {
      const queue = queueOf(claimed);
      const finished = queue.commands.shift();
      if (finished !== undefined) queued.delete(finished.seq);
      queue.attempts = queue.commands[0]?.attempts ?? 0;
      if (queue.commands.length > 0) ready.push(queue);
      else queues.delete(queue.key);
    },
    repeat: (claimed) => {
      const queue = queueOf(claimed);
      queue.attempts = claimed.attempts;
      ready.push(queue);
    },
    suspend: (claimed) => {
      const queue = queueOf(claimed);
      suspended.add(queue.key);
      queues.delete(queue.key);
      for (const { seq } of queue.commands) queued.delete(seq);
    },
    release: (commands) => {
      const released = commands.filter((pending) => suspended.has(keyOf(pending)));
      for (const pending of released) suspended.delete(keyOf(pending));
      for (const pending of released) add(pending);
    },
    waiting: () => queued.size,
  };
};

const keyOf = ({ process, instance }: PendingCommand): string => `${process.name}\n${instance}`;
