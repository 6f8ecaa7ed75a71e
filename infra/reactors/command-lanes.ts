/**
 * Commands in lanes: a lane is the line of one process instance's commands. A lane is handed out whole, and by whoever
 * has it only its first command is sent, so that an instance's commands go out one after another.
 */
import type { PendingCommand } from './processes/processes';

/** A lane that was handed out; it is not handed out again until it is given back. */
export interface Lane {
  readonly first: PendingCommand;
  /** Failed attempts of the first command. */
  attempts: number;
}

export interface InstanceQueues {
  /** Puts each command at the end of its instance's lane; behind a parked command the file keeps it instead. */
  readonly add: (commands: ReadonlyArray<PendingCommand>) => void;
  /** The lane that has been ready for longest; undefined where none is. */
  readonly take: () => Lane | undefined;
  /** Gives a lane back whose first command is done. */
  readonly finish: (lane: Lane) => void;
  /** Gives a lane back whose first command has to be sent again. */
  readonly repeat: (lane: Lane) => void;
  /** Closes a lane whose first command no repeat can help, and keeps it closed. */
  readonly park: (lane: Lane) => void;
  /** Opens a lane again that was closed, with all the commands that wait in it now. */
  readonly release: (commands: ReadonlyArray<PendingCommand>) => void;
  /** How many commands are in lanes, those under way included. */
  readonly waiting: () => number;
}

interface Line {
  readonly key: string;
  readonly commands: PendingCommand[];
  attempts: number;
}

/** No lanes yet. */
export const instanceQueues = (): InstanceQueues => {
  const lines = new Map<string, Line>();
  const ready: Line[] = [];
  const parked = new Set<string>();
  let waiting = 0;

  const add = (pending: PendingCommand): void => {
    const key = keyOf(pending);
    if (parked.has(key)) return;
    waiting += 1;
    const line = lines.get(key);
    if (line !== undefined) {
      line.commands.push(pending);
      return;
    }
    const opened = { key, commands: [pending], attempts: pending.attempts };
    lines.set(key, opened);
    ready.push(opened);
  };

  const lineOf = (lane: Lane): Line => {
    const line = lines.get(keyOf(lane.first));
    if (line === undefined) throw new Error('a lane that was handed out stays open until it is given back');
    return line;
  };

  return {
    add: (commands) => {
      for (const pending of commands) add(pending);
    },
    take: () => {
      const line = ready.shift();
      const [first] = line?.commands ?? [];
      return line === undefined || first === undefined ? undefined : { first, attempts: line.attempts };
    },
    finish: (lane) => {
      const line = lineOf(lane);
      line.commands.shift();
      waiting -= 1;
      line.attempts = line.commands[0]?.attempts ?? 0;
      if (line.commands.length > 0) ready.push(line);
      else lines.delete(line.key);
    },
    repeat: (lane) => {
      const line = lineOf(lane);
      line.attempts = lane.attempts;
      ready.push(line);
    },
    park: (lane) => {
      const line = lineOf(lane);
      parked.add(line.key);
      lines.delete(line.key);
      waiting -= line.commands.length;
    },
    release: (commands) => {
      const closed = commands.filter((pending) => parked.has(keyOf(pending)));
      for (const pending of closed) parked.delete(keyOf(pending));
      for (const pending of closed) add(pending);
    },
    waiting: () => waiting,
  };
};

const keyOf = ({ process, instance }: PendingCommand): string => `${process.name}\n${instance}`;
