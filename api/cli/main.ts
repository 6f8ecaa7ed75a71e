#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=4
/** The command line: what `make` and `npx tidemark` run. */
import { Command, CommanderError, Option } from 'commander';
import { isDebugging, prepareProcess, readConfiguration } from '../../infra/configuration';
import { systemClock } from '../../infra/clock';
import type { LoadedApplication } from '../program/application';
import { allRoles, parseRoles } from '../program/roles';
import { addContractCommands } from './contracts/commands';
import { addDeadLetterCommands } from './failure-commands';
import { failureLine } from './failure-line';
import { lastLinesWritten } from './log-target';
import { humanLogger, jsonLogger } from './loggers';
import { addReplayCommands } from './replay-commands';
import { addStoreCommands } from './store-commands';

prepareProcess();

// Whoever reads the output has seen enough (`| head`): that is no failure.
const endWithOutput = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`tidemark: standard output can't be written: ${error.message}\n`);
  process.exit(1);
};
process.stdout.on('error', endWithOutput);
// What is said there is said once: whether anybody hears it or not.
process.stderr.on('error', () => undefined);

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * Ends with a sentence on the error stream instead of a stack: what is wrong, and what to do. The definitions are loaded by
 * the commands that need them, so that what a definition throws while it is loaded ends here too.
 */
const failWith = (error: unknown): void => {
  process.stderr.write(`tidemark: ${failureLine(error, isDebugging())}\n`);
  process.exitCode = 1;
};

// Thrown where nobody waits for it: what state the program is in is not known, so it ends, and says why.
process.on('uncaughtException', (error) => {
  failWith(error);
  process.exit(1);
});

const program = new Command('tidemark')
  .description(
    'Event-sourced domain engine on Apache Kafka. Settings come from the environment; see docs/operating.md.',
  )
  .option(
    '--app <file>',
    'the application: else tidemark.config.{js,mjs,cjs,ts} of the working folder, else the shipped example',
  )
  .exitOverride()
  .showHelpAfterError('(tidemark --help lists the commands)');

/** Loaded by the commands that need it: what a definition throws while it is loaded ends in their sentence. */
const load = async (): Promise<LoadedApplication> => {
  const { findApplication } = await import('../program/application.js');
  return findApplication(program.opts<{ app?: string }>().app);
};

const jsonOption = (): Option => new Option('--json', 'JSON lines for scripts').default(false);

program
  .command('serve')
  .description('runs the roles of the engine until SIGTERM or SIGINT')
  .option('--roles <list>', 'which roles run in this process, separated by commas', allRoles.join(','))
  .addOption(jsonOption())
  .action(async (options: { roles: string; json: boolean }) => {
    const { serve } = await import('./serve.js');
    // A server outlives its log.
    process.stdout.off('error', endWithOutput);
    process.stdout.on('error', () => undefined);
    const logger = options.json ? jsonLogger() : humanLogger(systemClock);
    await serve(await load(), readConfiguration(), parseRoles(options.roles), logger);
    // A reader that stands still would keep the process alive for ever.
    if (!(await lastLinesWritten(systemClock))) process.exit();
  });

addReplayCommands(program, load, print);
addStoreCommands(program, load, print);

program
  .command('lag')
  .description('how far the relay and each consumer group are behind')
  .addOption(jsonOption())
  .action(async (options: { json: boolean }) => {
    const { lag } = await import('./lag.js');
    await lag(readConfiguration(), options, print);
  });

program
  .command('relay')
  .description('the way of events from the store to Kafka')
  .command('skip')
  .description('goes on past an event that cannot be published: says what that means, and does it with --confirm')
  .argument('<event id>', 'the event that blocks its partition, such as order-o1@3: tidemark lag names it')
  .requiredOption('--reason <reason>', 'why; it stands in the placeholder and in the audit')
  .option('--confirm', 'do it', false)
  .action(async (eventId: string, options: { reason: string; confirm: boolean }) => {
    const { skipEvent } = await import('./relay.js');
    process.exitCode = await skipEvent(readConfiguration(), eventId, options, print);
  });

addDeadLetterCommands(program, { jsonOption, print });

program
  .command('demo')
  .description('posts orders (ORDERS_DIR, or generated ones) to the server at BASE_URL and checks the totals')
  .action(async () => {
    const { runDemo } = await import('../demo/demo.js');
    const { baseUrl, ordersDirectory, apiKey } = readConfiguration();
    process.exitCode = await runDemo({
      baseUrl,
      ...(ordersDirectory === undefined ? {} : { ordersDirectory }),
      ...(apiKey === undefined ? {} : { apiKey }),
      output: process.stdout,
    });
  });

const kafka = program
  .command('kafka')
  .description('a real single-node Apache Kafka on 127.0.0.1:9092, for development');
kafka
  .command('start')
  .description('fetches it where needed, starts it, and waits until it answers')
  .action(async () => {
    const { startDetachedKafka } = await import('../../infra/kafka/real-broker/detached-kafka.js');
    await startDetachedKafka({ clock: systemClock, logger: humanLogger(systemClock) });
  });
kafka
  .command('stop')
  .description('stops it; its data stays')
  .action(async () => {
    const { stopDetachedKafka } = await import('../../infra/kafka/real-broker/detached-kafka.js');
    await stopDetachedKafka({ clock: systemClock, logger: humanLogger(systemClock) });
  });

addContractCommands(program, load, print);

program.parseAsync().catch((error: unknown) => {
  // Commander has already printed what it refuses, and help is no failure.
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else failWith(error);
});
