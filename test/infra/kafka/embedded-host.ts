/** A process with an embedded broker: prints the broker's process id, then waits for one of them to be killed. */
import { writeSync } from 'node:fs';
import { systemClock } from '../../../infra/clock';
import { startEmbeddedBroker } from '../../../infra/kafka/embedded/embedded-broker';
import { embeddedLogOn } from '../../../infra/kafka/embedded/embedded-log';
import { silentLogger } from '../../../infra/logger';
import { failureOf, topicNamed } from './log-fixture';

const print = (line: string): void => void writeSync(1, `${line}\n`);

const wait = async (): Promise<void> => {
  const broker = await startEmbeddedBroker();
  const logger = { ...silentLogger, error: (_: unknown, message: string) => print(`logged: ${message}`) };
  const log = embeddedLogOn(broker, systemClock, logger);
  await log.ensureTopics([topicNamed('orders')]);
  print(String(broker.pid));
  // A timer, for neither the broker nor the channel to it keeps a process alive.
  const alive = setInterval(() => undefined, 1_000);
  await broker.ended;
  clearInterval(alive);
  print(`described: ${(await failureOf(log.describe(['orders']))).message}`);
  await log.close();
};

void wait();
