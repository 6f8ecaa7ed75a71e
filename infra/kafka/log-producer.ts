/** The idempotent producer: every delivery report is counted, and the first failure is the last thing it tells. */
import type { LibrdKafkaError, MessageHeader, Producer as Client } from '@confluentinc/kafka-javascript';
import type { Clock } from '../clock';
import type { Logger } from '../logger';
import { MAX_CLIENT_RECORD_BYTES } from '../record-limit';
import { errorCodes, failureClass, KafkaError } from './client-errors';
import { clientTokens } from './client-tokens';
import { connectClient, disconnect, watchClient } from './client-lifecycle';
import { settingsOfKind, type ClientSettings } from './client-settings';
import type { ConnectionTrouble } from './connection-trouble';
import { deliveryCount, type DeliveryCount } from './delivery-count';
import { RecordTooLarge, type DeliveryListener, type LogProducer, type OutgoingRecord } from './event-log';
import { Producer } from './native-client';
import { partitionName } from '../topic-partition';

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
export const makeProducer = (settings: ClientSettings, maxRecordBytes = MAX_CLIENT_RECORD_BYTES): Client =>
  // No second argument: with one, even an empty one, the client drops the topic settings of the first, and with them
  // the promise never to give up a record.
  new Producer(
    settingsOfKind(settings, producerDefaults, { ...producerPromises, 'message.max.bytes': maxRecordBytes }),
  );

/**
 * With something in flight and nothing acknowledged for so long, a producer is given up. A broker that was killed and comes
 * back takes 15 seconds before it acknowledges again; whatever takes longer is worth a new client and a word to operators.
 */
const STALL_TIMEOUT_MS = 30_000;
const WATCHES_PER_TIMEOUT = 10;

export interface LogProducerOptions {
  readonly settings: ClientSettings;
  readonly listener: DeliveryListener;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly trouble?: ConnectionTrouble;
  readonly stallTimeoutMs?: number;
  readonly maxRecordBytes?: number;
}

/** Connects a producer. Rejects where no broker answers. */
export const openLogProducer = async (options: LogProducerOptions): Promise<LogProducer> => {
  const { settings, listener, logger, trouble, maxRecordBytes = MAX_CLIENT_RECORD_BYTES } = options;
  const tokens = clientTokens(settings);
  const client = makeProducer(tokens.settings, maxRecordBytes);
  client.on('connection.failure', tokens.end);
  const deliveries = deliveryCount(listener);
  watchClient(client, 'producer', logger, {
    onFatal: () => deliveries.fail({ class: 'fatal', reason: 'the client says that it is beyond repair' }),
    ...(trouble === undefined ? {} : { trouble }),
  });
  client.on('delivery-report', deliveries.report);
  await connectClient(client, 'producer');
  client.setPollInBackground(true);
  const endWatch = watchDeliveries(options, deliveries);
  let closing: Promise<void> | undefined;
  return {
    send: (record) => {
      if (deliveries.isOver()) return 'queue-full';
      const refusal = produce(client, record, maxRecordBytes);
      if (refusal === undefined) {
        deliveries.sent(record);
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
      endWatch();
      deliveries.silence();
      tokens.end();
      closing ??= disconnect('producer', logger, (callback) => client.disconnect(0, callback));
      return closing;
    },
  };
};

/** Adds up the time without a report. A turn of the event loop that took long is not the broker's: it counts as two. */
const watchDeliveries = (
  { clock, stallTimeoutMs = STALL_TIMEOUT_MS }: LogProducerOptions,
  deliveries: DeliveryCount,
): (() => void) => {
  const intervalMs = stallTimeoutMs / WATCHES_PER_TIMEOUT;
  let lastMs = clock.monotonicMs();
  const timer = setInterval(() => {
    const nowMs = clock.monotonicMs();
    deliveries.waited(Math.min(nowMs - lastMs, 2 * intervalMs), stallTimeoutMs);
    lastMs = nowMs;
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
};

/** Queues a record; answers why it was not queued. */
const produce = (client: Client, record: OutgoingRecord, limitBytes: number): KafkaError | undefined => {
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
      throw new RecordTooLarge(topic, partition, value === null ? 0 : Buffer.byteLength(value), limitBytes);
    }
    return new KafkaError(code, `${partitionName({ topic, partition })}: ${message}`);
  }
};
