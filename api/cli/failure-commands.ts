/** The commands for what could not be processed: `tidemark dead-letters`, `redrive` and `commands`. */
import type { Command, Option } from 'commander';
import { readConfiguration } from '../../infra/configuration';
import type { ListOptions } from './dead-letters';
import type { PlanOptions } from './redrive';
import type { ListOptions as SetAsideOptions } from './set-aside';

interface Terminal {
  readonly jsonOption: () => Option;
  readonly print: (line: string) => void;
}

interface Json {
  readonly json: boolean;
}

/** Adds the commands to the program. */
export const addDeadLetterCommands = (program: Command, terminal: Terminal): void => {
  addDeadLetters(program, terminal);
  addRedrive(program, terminal);
  addSetAside(program, terminal);
};

const addDeadLetters = (program: Command, { jsonOption, print }: Terminal): void => {
  const deadLetters = program
    .command('dead-letters')
    .description('events that a consumer group could not process, and why');
  deadLetters
    .command('list')
    .description('one line per dead letter, newest first')
    .option('--group <group>', 'only this consumer group')
    .option('--status <status>', 'open, assigned, redriven or discarded')
    .option('--class <class>', 'malformed, unknown-contract, foreign, misplaced, transient, rejected or defect')
    .option('--fingerprint <fingerprint>', 'only this cause')
    .option('--stream <stream>', 'only this stream, such as order-o1')
    .option('--limit <count>', 'upper limit on the lines', '50')
    .addOption(jsonOption())
    .action(async (options: ListOptions) => {
      const { listDeadLetters } = await import('./dead-letters.js');
      await listDeadLetters(readConfiguration(), options, print);
    });
  deadLetters
    .command('show')
    .description('everything known about one dead letter, with its audit')
    .argument('<id>', 'such as order-summary:17')
    .addOption(jsonOption())
    .action(async (id: string, options: Json) => {
      const { showDeadLetter } = await import('./dead-letters.js');
      await showDeadLetter(readConfiguration(), id, options, print);
    });
  const act = (name: 'assign' | 'discard' | 'note', field: string, what: string, meaning: string): void => {
    deadLetters
      .command(name)
      .description(what)
      .argument('<ids...>', 'such as order-summary:17')
      .requiredOption(`--${field} <${field}>`, meaning)
      .addOption(jsonOption())
      .action(async (ids: ReadonlyArray<string>, options: Json & Readonly<Record<string, unknown>>) => {
        const { actOnDeadLetters } = await import('./dead-letters.js');
        const body = { [field]: String(options[field]) };
        await actOnDeadLetters(readConfiguration(), ids, { name, body }, options, print);
      });
  };
  act('assign', 'owner', 'records who looks after them', 'who does');
  act('note', 'note', 'adds a note to their audit', 'the note');
  act('discard', 'reason', 'gives the events up: the group continues without them', 'why; it stays in the audit');
};

const addRedrive = (program: Command, { jsonOption, print }: Terminal): void => {
  const redrive = program
    .command('redrive')
    .description('runs dead deadLetters again, in their own group only, in the order of their streams');
  redrive
    .command('plan')
    .description('fixes a selection and shows what it contains; runs nothing')
    .argument('<group>', 'the consumer group')
    .option('--class <class>', 'only this class')
    .option('--fingerprint <fingerprint>', 'only this cause')
    .option('--stream <stream>', 'only this stream, such as order-o1')
    .option('--id <ids...>', 'only these')
    .option('--rate <events>', 'upper limit on events per second', '200')
    .addOption(jsonOption())
    .action(async (group: string, options: PlanOptions) => {
      const { planRedrive } = await import('./redrive.js');
      await planRedrive(readConfiguration(), group, options, print);
    });
  redrive
    .command('run')
    .description('one stream, then 5 %, 25 %, then the rest; halts if events fail again for the same cause')
    .argument('<id>', 'from the plan')
    .addOption(jsonOption())
    .action(async (id: string, options: Json) => {
      const { runRedrive } = await import('./redrive.js');
      process.exitCode = await runRedrive(readConfiguration(), id, options, print);
    });
  redrive
    .command('pause')
    .description('stops it after the events in progress')
    .argument('<id>', 'from the plan')
    .addOption(jsonOption())
    .action(async (id: string, options: Json) => {
      const { pauseRedrive } = await import('./redrive.js');
      await pauseRedrive(readConfiguration(), id, options, print);
    });
};

const addSetAside = (program: Command, { jsonOption, print }: Terminal): void => {
  const commands = program
    .command('commands')
    .description('commands and deadlines that process managers have set aside');
  commands
    .command('list')
    .description('one line per entry, newest first')
    .option('--group <group>', 'only this process manager')
    .option('--status <status>', 'open, released or discarded')
    .option('--limit <count>', 'upper limit on the lines', '50')
    .addOption(jsonOption())
    .action(async (options: SetAsideOptions) => {
      const { listSetAside } = await import('./set-aside.js');
      await listSetAside(readConfiguration(), options, print);
    });
  commands
    .command('release')
    .description('performs them again, with everything parked behind them; needs no restart')
    .argument('<ids...>', 'such as fulfilment:17')
    .addOption(jsonOption())
    .action(async (ids: ReadonlyArray<string>, options: Json) => {
      const { decideSetAside } = await import('./set-aside.js');
      await decideSetAside(readConfiguration(), ids, { name: 'release' }, options, print);
    });
  commands
    .command('discard')
    .description('gives them up: their processes continue without them')
    .argument('<ids...>', 'such as fulfilment:17')
    .requiredOption('--reason <reason>', 'why; it stays in the audit')
    .addOption(jsonOption())
    .action(async (ids: ReadonlyArray<string>, options: Json & { readonly reason: string }) => {
      const { decideSetAside } = await import('./set-aside.js');
      const act = { name: 'discard', body: { reason: options.reason } } as const;
      await decideSetAside(readConfiguration(), ids, act, options, print);
    });
};
