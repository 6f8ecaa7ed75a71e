/** The idempotent producer: every delivery report is counted, and the first failure is the last thing it tells. */
import { Producer, type LibrdKafkaError, type MessageHeader } from '@confluentinc/kafka-javascript';
import type { Logger } from '../logger';
import { errorCodes, failureClass, KafkaError } from './client-errors';
import { clientTokens } from './client-tokens';
import { connectClient, disconnected, watchClient } from './client-lifecycle';
import { settingsOfKind, type ClientSettings } from './client-settings';
import type { ConnectionTrouble } from './connection-trouble';
import { deliveryCount } from './delivery-count';
import { RecordTooLarge, type DeliveryListener, type LogProducer, type OutgoingRecord } from './event-log';

const producerDefaults = {
  // Topics are described before anything is sent, so one that is unknown has gone: five seconds of doubt, not thirty.
  'topic.metadata.propagation.max.ms': 5_000,
  'linger.ms': 5,
  'queue.buffering.max.messages': 100_000,
  'queue.buffering.max.kbytes': 65_536,
  'compression.type': 'lz4',
} as const;

const producerPromises = {
  'enable.idempotence': true,
  acks: 'all',
  // No time-out: with one, the idempotent producer gives up records and leaves a gap for good. So a record is either
  // delivered or the producer has failed as a whole.
  'message.timeout.ms': 0,
  'enable.gapless.guarantee': true,
  dr_cb: true,
} as const;

/** Makes a client that is not connected yet. Throws where a setting can't be. */
export const makeProducer = (settings: ClientSettings): Producer =>
  // No second argument: with one, even an empty one, the client drops the topic settings of the first, and with them
  // the promise never to give up a record.
  new Producer(settingsOfKind(settings, producerDefaults, producerPromises));

/** Connects a producer. Rejects where no broker answers. */
export const openLogProducer = async (
  settings: ClientSettings,
  listener: DeliveryListener,
  logger: Logger,
  trouble?: ConnectionTrouble,
): Promise<LogProducer> => {
  const tokens = clientTokens(settings);
  const client = makeProducer(tokens.settings);
  client.on('connection.failure', tokens.end);
  const deliveries = deliveryCount(listener);
  watchClient(client, 'producer', logger, {
    onFatal: () => deliveries.fail({ class: 'fatal', reason: 'the client says that it is beyond repair' }),
    ...(trouble === undefined ? {} : { trouble }),
  });
  client.on('delivery-report', deliveries.report);
  await connectClient(client, 'producer');
  client.setPollInBackground(true);
  let closing: Promise<void> | undefined;
  return {
    send: (record) => {
      if (deliveries.isOver()) return 'queue-full';
      const refusal = produce(client, record);
      if (refusal === undefined) {
        deliveries.sent();
        return 'queued';
      }
      if (refusal.code !== errorCodes.ERR__QUEUE_FULL) {
        // The topic has gone, or the client is beyond repair. Told on a turn of its own, as every other failure.
        setImmediate(() => deliveries.fail({ class: failureClass(refusal.code), reason: refusal.message }));
      }
      return 'queue-full';
    },
    flush: deliveries.settled,
    close: () => {
      deliveries.silence();
      tokens.end();
      closing ??= disconnected('producer', logger, (callback) => client.disconnect(0, callback));
      return closing;
    },
  };
};

/** Queues a record; answers why it was not queued. */
const produce = (client: Producer, record: OutgoingRecord): KafkaError | undefined => {
  const { topic, partition, key, value, headers, timestampMs, sequence } = record;
  try {
    // The binding only reads the headers; its types don't say so.
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    client.produce(topic, partition, bytes, key, timestampMs, sequence, headers as MessageHeader[]);
    return undefined;
  } catch (error) {
    // An Error of its own where it was never connected or has been closed, the client's in all other cases.
    const { code = errorCodes.ERR__STATE, message } = error as Error & Partial<LibrdKafkaError>;
    if (code === errorCodes.ERR_MSG_SIZE_TOO_LARGE) {
      throw new RecordTooLarge(topic, partition, value === null ? 0 : Buffer.byteLength(value));
    }
    return new KafkaError(code, `${topic}/${partition}: ${message}`);
  }
};
