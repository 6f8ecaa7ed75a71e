/** A real broker that one test file has for itself: to stop it, freeze it, kill it and start it again on its port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../infra/clock';
import { startBroker, type RunningBroker, type StartBrokerOptions } from '../../infra/kafka/real-broker/start-broker';
import { silentLogger } from '../../infra/logger';

export interface OwnKafka {
  /** `host:port`; stays the same over restarts. */
  readonly servers: string;
  /** Sends a signal to the broker's process: SIGSTOP freezes it, SIGCONT lets it go on. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** kill -9, and waits until it is gone. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same port with what its disk holds; waits until it answers. */
  readonly restart: () => Promise<void>;
  /** Ends it for good and removes its folder. */
  readonly stop: () => Promise<void>;
}

type OwnKafkaOptions = Partial<Pick<StartBrokerOptions, 'extraListeners' | 'properties' | 'formatParameters'>>;

/** Starts one in a temporary folder; it also ends with this process. Throws where Java or Kafka's jars are missing. */
export const ownKafka = async (options: OwnKafkaOptions = {}): Promise<OwnKafka> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-kafka-'));
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const start = async (): Promise<RunningBroker> =>
    startBroker({
      ...options,
      dataDirectory: join(folder, 'broker'),
      clock: systemClock,
      logger: silentLogger,
    });
  let broker: RunningBroker;
  try {
    broker = await start();
  } catch (error) {
    removeFolder();
    throw error;
  }
  // A signal ends the process without its listeners for the end; by way of an ordinary end they run.
  process.once('SIGTERM', () => process.exit(143));
  // After the broker's own listener, which kills it: its files go when nobody writes them any more.
  process.on('exit', removeFolder);
  return {
    servers: broker.servers,
    signal: (signal) => {
      broker.signal(signal);
    },
    kill: async () => broker.kill(),
    restart: async () => {
      broker = await start();
    },
    stop: async () => {
      // Nobody needs its data: no reason to wait for it to leave in order.
      await broker.kill();
      removeFolder();
    },
  };
};
