/** Kafka's own command line tools: a producer and a consumer that know nothing of the engine, nor of its client. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../infra/clock';
import { brokerLibraries } from '../../infra/kafka/real-broker/broker-libraries';
import { silentLogger } from '../../infra/logger';

const TIMEOUT_MS = 30_000;
/** Stands for null in what the tools read and print. */
export const NULL = 'NULL';

const runTool = async (program: string, parameters: ReadonlyArray<string>, input: string): Promise<string> => {
  const classPath = join(await brokerLibraries(systemClock, silentLogger), '*');
  // Whatever the locale of the machine is, or where it has none.
  const encoding = ['file', 'sun.stdout', 'stdout'].map((name) => `-D${name}.encoding=UTF-8`);
  const java = [...encoding, '-cp', classPath, program, ...parameters];
  const running = promisify(execFile)('java', java, { timeout: TIMEOUT_MS });
  running.child.stdin?.end(input);
  return (await running).stdout;
};

/** Sends lines of `name:value,name:value<tab>key<tab>value`. */
export const produceLines = async (servers: string, topic: string, lines: ReadonlyArray<string>): Promise<void> => {
  const reading = ['parse.headers=true', 'parse.key=true', `null.marker=${NULL}`];
  const properties = reading.flatMap((property) => ['--reader-property', property]);
  const parameters = ['--bootstrap-server', servers, '--topic', topic, ...properties];
  await runTool('org.apache.kafka.tools.ConsoleProducer', parameters, lines.map((line) => `${line}\n`).join(''));
};

/** The first so many records of a topic with one partition, as such lines. */
export const consumeLines = async (servers: string, topic: string, count: number): Promise<ReadonlyArray<string>> => {
  const printing = ['print.headers=true', 'print.key=true', `null.literal=${NULL}`];
  const properties = printing.flatMap((property) => ['--formatter-property', property]);
  const parameters = ['--bootstrap-server', servers, '--topic', topic, '--partition', '0', '--offset', 'earliest'];
  const ending = ['--max-messages', String(count), '--timeout-ms', '20000'];
  const tool = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
  const printed = await runTool(tool, [...parameters, ...ending, ...properties], '');
  return printed.split('\n').filter((line) => line.includes('\t'));
};

/** What kafka-consumer-groups.sh says of a group, by `topic/partition`. */
export const describeGroup = async (
  servers: string,
  group: string,
): Promise<ReadonlyMap<string, { readonly offset: string; readonly lag: string }>> => {
  const tool = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand';
  const printed = await runTool(tool, ['--bootstrap-server', servers, '--describe', '--group', group], '');
  const rows = printed.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(
    rows.flatMap(([name, topic, partition, offset = '', , lag = '']) =>
      name === group ? [[`${topic ?? ''}/${partition ?? ''}`, { offset, lag }] as const] : [],
    ),
  );
};
