/** Opens the log that the configuration names: a real cluster, or the embedded broker. */
import type { Clock } from '../clock';
import type { Configuration } from '../configuration';
import type { Logger } from '../logger';
import { openEmbeddedLog } from '../kafka/embedded/embedded-log';
import type { EventLog } from '../kafka/event-log';
import { openRealLog } from '../kafka/real-log';
import { tryClients } from '../kafka/trial-clients';

export interface OpenLogOptions {
  /** `kafka` absent: the embedded broker. */
  readonly configuration: Pick<Configuration, 'kafka'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens the log. Throws ConfigurationError if this build of the client does not support the settings. */
export const openLog = async ({ configuration: { kafka }, clock, logger }: OpenLogOptions): Promise<EventLog> =>
  kafka === undefined ? openEmbeddedLog({ clock, logger }) : openRealLog({ connection: kafka, clock, logger });

/** Checks that clients can be created with these settings, before anything is opened. Throws ConfigurationError. */
export const checkLogSettings = async ({ kafka }: Pick<Configuration, 'kafka'>): Promise<void> => {
  if (kafka !== undefined) await tryClients(kafka);
};

/** Logs which broker it is, and what that means. */
export const explainBroker = (log: EventLog, logger: Logger): void => {
  const fields = { servers: log.bootstrapServers };
  if (log.keepsHistory) {
    logger.info(fields, 'Kafka: a real cluster');
    return;
  }
  logger.info(
    fields,
    'Kafka: the embedded broker, for trying out; it forgets everything when this process ends, and consumers then read the store. ' +
      "For a real one: 'make kafka', then KAFKA_BROKERS=127.0.0.1:9092 make run",
  );
};
