#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=4
/** The command line: what `make` and `npx tidemark` run. */
import { Command, CommanderError, Option } from 'commander';
import { isDebugging, prepareProcess, readConfiguration } from '../../infra/configuration';
import { systemClock } from '../../infra/clock';
import type { LoadedApplication } from '../program/application';
import { allRoles, parseRoles } from '../program/roles';
import { addNewCommand } from './new-command';
import { addContractCommands } from './contracts/commands';
import { addEffectCommands } from './effect-commands';
import { addDeadLetterCommands } from './failure-commands';
import { failureLine } from './failure-line';
import { lastLinesWritten } from './log-target';
import { humanLogger, jsonLogger } from './loggers';
import { addReplayCommands } from './replay-commands';
import { addStoreCommands } from './store-commands';

prepareProcess();

// The reader of the output has closed it (`| head`): that is not a failure.
const endWithOutput = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`tidemark: standard output can't be written: ${error.message}\n`);
  process.exit(1);
};
process.stdout.on('error', endWithOutput);
// Nothing can be done if standard error can't be written.
process.stderr.on('error', () => undefined);

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * Ends with one sentence on standard error instead of a stack: what is wrong, and what to do. Commands load the definitions
 * lazily, so that an error thrown while a definition is loaded ends here too.
 */
const failWith = (error: unknown): void => {
  process.stderr.write(`tidemark: ${failureLine(error, isDebugging())}\n`);
  process.exitCode = 1;
};

// Thrown outside any awaited call: the program's state is unknown, so it ends, and says why.
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
    'the application; by default tidemark.config.{js,mjs,cjs,ts} of the working folder, else the shipped example',
  )
  .exitOverride()
  .showHelpAfterError('(tidemark --help lists the commands)');

/** Loaded lazily by the commands that need it, so that they report an error in a definition. */
const load = async (): Promise<LoadedApplication> => {
  const { findApplication } = await import('../program/application.js');
  return findApplication(program.opts<{ app?: string }>().app);
};

const jsonOption = (): Option => new Option('--json', 'JSON lines for scripts').default(false);

program
  .command('serve')
  .description('runs roles of the engine until SIGTERM or SIGINT')
  .option('--roles <list>', 'which roles run in this process, separated by commas', allRoles.join(','))
  .addOption(jsonOption())
  .action(async (options: { roles: string; json: boolean }) => {
    const { serve } = await import('./serve.js');
    // A server keeps running if its log lines can't be written.
    process.stdout.off('error', endWithOutput);
    process.stdout.on('error', () => undefined);
    const configuration = readConfiguration();
    const roles = parseRoles(options.roles);
    const shape = { level: configuration.logLevel, base: { roles: [...roles].join(',') } };
    const logger = options.json ? jsonLogger(undefined, shape) : humanLogger(systemClock, undefined, shape);
    await serve(await load(), configuration, roles, logger);
    // A reader that has stopped reading would keep the process alive forever.
    if (!(await lastLinesWritten(systemClock))) process.exit();
  });

addEffectCommands(program, { jsonOption, print });
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
  .description("the relay, which publishes the store's events to Kafka")
  .command('skip')
  .description('skips an event that cannot be published: explains the effect, and does it with --confirm')
  .argument('<event id>', 'the event that blocks its partition, such as order-o1@3: tidemark lag names it')
  .requiredOption('--reason <reason>', 'why; recorded in the placeholder and in the audit')
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
    const { demoWebhook } = await import('../demo/demo-webhook.js');
    const { baseUrl, ordersDirectory, apiKey } = readConfiguration();
    const webhook = demoWebhook();
    process.exitCode = await runDemo({
      baseUrl,
      ...(ordersDirectory === undefined ? {} : { ordersDirectory }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(webhook === undefined ? {} : { webhook }),
      output: process.stdout,
    });
  });

const kafka = program.command('kafka').description('a single-node Apache Kafka on 127.0.0.1:9092, for development');
kafka
  .command('start')
  .description('downloads it if needed, starts it, and waits until it is ready')
  .action(async () => {
    const { startDetachedKafka } = await import('../../infra/kafka/real-broker/detached-kafka.js');
    await startDetachedKafka({ clock: systemClock, logger: humanLogger(systemClock) });
  });
kafka
  .command('stop')
  .description('stops it; its data is kept')
  .action(async () => {
    const { stopDetachedKafka } = await import('../../infra/kafka/real-broker/detached-kafka.js');
    await stopDetachedKafka({ clock: systemClock, logger: humanLogger(systemClock) });
  });

addContractCommands(program, load, print);
addNewCommand(program, print);

program.parseAsync().catch((error: unknown) => {
  // Commander has already printed the error, and help is not a failure.
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else failWith(error);
});
