/** Says which broker is used. */
import type { EventLog } from '../../infra/kafka/event-log';
import type { Logger } from '../../infra/logger';

/** Logs whether the broker is real or the embedded one, and how to get a real one. */
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
