/** A process with a real broker: prints the broker's process id, then waits to be killed. */
import { writeSync } from 'node:fs';
import { systemClock } from '../../../infra/clock';
import { startBroker } from '../../../infra/kafka/real-broker/start-broker';
import { silentLogger } from '../../../infra/logger';

const host = async (dataDirectory: string): Promise<void> => {
  const broker = await startBroker({ dataDirectory, clock: systemClock, logger: silentLogger });
  writeSync(1, `${broker.pid}\n`);
  setInterval(() => undefined, 1_000);
};

void host(process.argv[2] ?? '');
