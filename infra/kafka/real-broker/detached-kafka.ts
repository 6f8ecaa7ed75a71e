/** A real Kafka for development, on 127.0.0.1:9092: it goes on when the command that started it has ended. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Clock } from '../../clock';
import type { Logger } from '../../logger';
import { brokerLibraries, isRunning, kafkaFolder } from './broker-libraries';
import { dockerAnswers, dockerKafkaRuns, startDockerKafka, stopDockerKafka } from './docker-kafka';
import { files, startBroker } from './start-broker';
import { KafkaUnavailable, runProgram } from './tools';

const PORT = 9092;
const CONTROLLER_PORT = 9093;
const SERVERS = `127.0.0.1:${PORT}`;
const STOP_TIMEOUT_MS = 20_000;
const STOP_POLL_MS = 100;

export interface DetachedKafkaOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

const dataDirectory = (): string => join(kafkaFolder(), 'data');

/** Starts it and waits until it answers; says so where it runs already. Throws KafkaUnavailable and PortTaken. */
export const startDetachedKafka = async (options: DetachedKafkaOptions): Promise<void> => {
  const { logger } = options;
  const pid = await runningPid();
  if (pid !== undefined) {
    logger.info({ servers: SERVERS, pid }, "Kafka runs already ('make kafka-stop' stops it)");
    return;
  }
  try {
    await startWithJava(options);
  } catch (error) {
    if (!(error instanceof KafkaUnavailable)) throw error;
    if (!(await dockerAnswers())) {
      throw new KafkaUnavailable(`${error.message}; a running Docker engine would do as well`);
    }
    logger.warn({ reason: error.message }, 'Kafka: from its Docker image instead');
    await startDockerKafka(PORT);
    logger.info({ servers: SERVERS }, "Kafka runs in Docker; for the program: 'KAFKA_BROKERS=127.0.0.1:9092 make run'");
  }
};

const startWithJava = async ({ clock, logger }: DetachedKafkaOptions): Promise<void> => {
  const broker = await startBroker({
    dataDirectory: dataDirectory(),
    port: PORT,
    controllerPort: CONTROLLER_PORT,
    detached: true,
    clock,
    logger,
  });
  const libraries = relative(process.cwd(), await brokerLibraries(clock, logger));
  const { servers, pid } = broker;
  logger.info(
    { servers, pid, data: broker.dataDirectory },
    `Kafka runs. For the program: KAFKA_BROKERS=${servers} make run. ` +
      `To read a topic: java -cp '${libraries}/*' org.apache.kafka.tools.consumer.ConsoleConsumer ` +
      `--bootstrap-server ${servers} --topic orders --from-beginning; with kcat: kcat -b ${servers} -t orders -C`,
  );
};

/** Stops it, by force at a deadline; says so where it does not run. Its data stays. */
export const stopDetachedKafka = async ({ clock, logger }: DetachedKafkaOptions): Promise<void> => {
  const pid = await runningPid();
  if (pid === undefined) {
    if (await dockerKafkaRuns()) {
      await stopDockerKafka();
      logger.info({}, 'Kafka has stopped; its data stays in its container');
      return;
    }
    logger.info({}, "Kafka does not run ('make kafka' starts it)");
    return;
  }
  process.kill(pid, 'SIGTERM');
  const untilMs = clock.monotonicMs() + STOP_TIMEOUT_MS;
  let forced = false;
  while (isRunning(pid)) {
    if (!forced && clock.monotonicMs() > untilMs) {
      process.kill(pid, 'SIGKILL');
      forced = true;
    }
    await clock.sleep(STOP_POLL_MS);
  }
  rmSync(files(dataDirectory()).pid, { force: true });
  logger.info({ pid, data: dataDirectory() }, forced ? 'Kafka was killed at the deadline' : 'Kafka has stopped');
};

/** The broker's process, unless the file names one that has ended, or a stranger that has its number now. */
const runningPid = async (): Promise<number | undefined> => {
  const places = files(dataDirectory());
  if (!existsSync(places.pid)) return undefined;
  const pid = Number(readFileSync(places.pid, 'utf8'));
  if (!Number.isSafeInteger(pid) || pid < 1 || !isRunning(pid)) return undefined;
  return (await commandOf(pid)).includes(places.properties) ? pid : undefined;
};

const PS_TIMEOUT_MS = 5_000;

const commandOf = async (pid: number): Promise<string> => {
  const onLinux = `/proc/${pid}/cmdline`;
  if (existsSync(onLinux)) return readFileSync(onLinux, 'utf8');
  return (await runProgram('ps', ['-o', 'command=', '-p', String(pid)], PS_TIMEOUT_MS)).output;
};
