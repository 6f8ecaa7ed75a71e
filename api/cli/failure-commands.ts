/** The commands about failures: `tidemark dead-letters` and `tidemark redrive`. */
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

/** Adds them. */
export const addDeadLetterCommands = (program: Command, terminal: Terminal): void => {
  addDeadLetters(program, terminal);
  addRedrive(program, terminal);
  addSetAside(program, terminal);
};

const addDeadLetters = (program: Command, { jsonOption, print }: Terminal): void => {
  const letters = program.command('dead-letters').description('what failed for good in a consumer group, and why');
  letters
    .command('list')
    .description('one line each, the newest first')
    .option('--group <group>', 'only of this consumer group')
    .option('--status <status>', 'open, assigned, redriven or discarded')
    .option('--class <class>', 'malformed, unknown-contract, foreign, misplaced, transient, rejected or defect')
    .option('--fingerprint <fingerprint>', 'only of this cause')
    .option('--stream <stream>', 'only of this stream, such as order-o1')
    .option('--limit <count>', 'how many at most', '50')
    .addOption(jsonOption())
    .action(async (options: ListOptions) => {
      const { listDeadLetters } = await import('./dead-letters.js');
      await listDeadLetters(readConfiguration(), options, print);
    });
  letters
    .command('show')
    .description('all that is known of one, with everything that was done to it')
    .argument('<id>', 'such as order-summary:17')
    .addOption(jsonOption())
    .action(async (id: string, options: Json) => {
      const { showDeadLetter } = await import('./dead-letters.js');
      await showDeadLetter(readConfiguration(), id, options, print);
    });
  const act = (name: 'assign' | 'discard' | 'note', field: string, what: string, meaning: string): void => {
    letters
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
  act('assign', 'owner', 'says who sees to them', 'who does');
  act('note', 'note', 'adds a note to their audit', 'what the next one to look should know');
  act('discard', 'reason', 'lets the group go on without them', 'why; it stays in the audit');
};

const addRedrive = (program: Command, { jsonOption, print }: Terminal): void => {
  const redrive = program.command('redrive').description('runs dead letters again, in their own group only, in order');
  redrive
    .command('plan')
    .description('freezes a selection and says what it comes to; runs nothing')
    .argument('<group>', 'the consumer group')
    .option('--class <class>', 'only of this class')
    .option('--fingerprint <fingerprint>', 'only of this cause')
    .option('--stream <stream>', 'only of this stream, such as order-o1')
    .option('--id <ids...>', 'only these')
    .option('--rate <events>', 'events a second, at most', '200')
    .addOption(jsonOption())
    .action(async (group: string, options: PlanOptions) => {
      const { planRedrive } = await import('./redrive.js');
      await planRedrive(readConfiguration(), group, options, print);
    });
  redrive
    .command('run')
    .description('one key, then 5 %, 25 %, the rest; halts where the same cause is still there')
    .argument('<id>', 'from the plan')
    .addOption(jsonOption())
    .action(async (id: string, options: Json) => {
      const { runRedrive } = await import('./redrive.js');
      process.exitCode = await runRedrive(readConfiguration(), id, options, print);
    });
  redrive
    .command('pause')
    .description('stops it after the events under way')
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
    .description('commands and deadlines of process managers that were set aside');
  commands
    .command('list')
    .description('one line each, the newest first')
    .option('--group <group>', 'only of this process manager')
    .option('--status <status>', 'open, released or discarded')
    .option('--limit <count>', 'how many at most', '50')
    .addOption(jsonOption())
    .action(async (options: SetAsideOptions) => {
      const { listSetAside } = await import('./set-aside.js');
      await listSetAside(readConfiguration(), options, print);
    });
  commands
    .command('release')
    .description('takes them up again, without a restart, with all that waits behind them')
    .argument('<ids...>', 'such as fulfilment:17')
    .addOption(jsonOption())
    .action(async (ids: ReadonlyArray<string>, options: Json) => {
      const { decideSetAside } = await import('./set-aside.js');
      await decideSetAside(readConfiguration(), ids, { name: 'release' }, options, print);
    });
  commands
    .command('discard')
    .description('lets their processes go on without them')
    .argument('<ids...>', 'such as fulfilment:17')
    .requiredOption('--reason <reason>', 'why; it stays in the audit')
    .addOption(jsonOption())
    .action(async (ids: ReadonlyArray<string>, options: Json & { readonly reason: string }) => {
      const { decideSetAside } = await import('./set-aside.js');
      const act = { name: 'discard', body: { reason: options.reason } } as const;
      await decideSetAside(readConfiguration(), ids, act, options, print);
    });
};
