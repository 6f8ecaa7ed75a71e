#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=4
/** The command line: what `make` and `npx tidemark` run. */
import { Command, CommanderError, Option } from 'commander';
import { ConfigurationError, prepareProcess, readConfiguration } from '../../infra/configuration';
import { systemClock } from '../../infra/clock';
import { allRoles, parseRoles } from '../program/roles';
import { addContractCommands } from './contracts/commands';
import { addFailureCommands } from './failure-commands';
import { lastLinesWritten } from './log-target';
import { humanLogger, jsonLogger } from './loggers';
import { addReplayCommands } from './replay-commands';

prepareProcess();

// Whoever reads the output has seen enough (`| head`): that is no failure.
const endWithOutput = (error: NodeJS.ErrnoException): never => process.exit(error.code === 'EPIPE' ? 0 : 1);
process.stdout.on('error', endWithOutput);
// What is said there is said once: whether anybody hears it or not.
process.stderr.on('error', () => undefined);

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Ends with a sentence on the error stream instead of a stack: what is wrong, and what to do. */
const failWith = (error: unknown): void => {
  const expected = error instanceof ConfigurationError || (error instanceof Error && error.name !== 'Error');
  const text = error instanceof Error ? ((expected ? error.message : error.stack) ?? error.message) : String(error);
  process.stderr.write(`tidemark: ${text}\n`);
  process.exitCode = 1;
};

const program = new Command('tidemark')
  .description('Event-sourced domain engine on Apache Kafka. Settings come from the environment; see README.md.')
  .exitOverride()
  .showHelpAfterError('(tidemark --help lists the commands)');

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
    await serve(readConfiguration(), parseRoles(options.roles), logger);
    // A reader that stands still would keep the process alive for ever.
    if (!(await lastLinesWritten(systemClock))) process.exit();
  });

addReplayCommands(program, print);

program
  .command('lag')
  .description('how far the relay and each consumer group are behind')
  .addOption(jsonOption())
  .action(async (options: { json: boolean }) => {
    const { lag } = await import('./lag.js');
    await lag(readConfiguration(), options, print);
  });

addFailureCommands(program, { jsonOption, print });

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

addContractCommands(program, print);

program.parseAsync().catch((error: unknown) => {
  // Commander has already printed what it refuses, and help is no failure.
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else failWith(error);
});
