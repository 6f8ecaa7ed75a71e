/**
 * The embedded broker: librdkafka's mock cluster in a process of its own, so that whatever happens to it does not happen
 * to the store. It ends when whoever started it is gone.
 */
import { createRequire } from 'node:module';
import type { Producer as ProducerClass } from '@confluentinc/kafka-javascript';
import { withNativePart } from '../../native-part';
import type { BrokerAnswer, BrokerQuestion } from './broker-messages';

// Only this module of the client: the rest is memory that this process would never use.
const load = createRequire(__filename);
const Producer = withNativePart(
  '@confluentinc/kafka-javascript',
  () => load('@confluentinc/kafka-javascript/lib/producer') as typeof ProducerClass,
);

const METADATA_TIMEOUT_MS = 5_000;

// The cluster lives as long as the client that it was made for, and that client's own address is never used. The types
// leave the setting out, so it comes by a variable.
const settings = { 'bootstrap.servers': '127.0.0.1:1', 'test.mock.num.brokers': 1 };
const host = new Producer(settings);

const tell = (answer: BrokerAnswer): void => {
  process.send?.(answer);
};

const end = (): void => process.exit(0);
process.on('disconnect', end);
// A Ctrl-C goes to the whole group of processes; the parent still has to leave in order, and ends this one then.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

/** The mock cluster makes a topic when somebody asks for its metadata. */
const makeTopic = ({ topic }: BrokerQuestion): void => {
  host.getMetadata({ topic, allTopics: false, timeout: METADATA_TIMEOUT_MS }, (error, metadata) => {
    // The types leave out that there is no error where all went well.
    const failure = error as typeof error | null | undefined;
    const partitions = failure ? 0 : (metadata.topics.find(({ name }) => name === topic)?.partitions.length ?? 0);
    tell({ _tag: 'TopicMade', topic, partitions, reason: failure?.message ?? null });
  });
};

host.connect({ allTopics: false, timeout: METADATA_TIMEOUT_MS }, (error, metadata) => {
  const failure = error as typeof error | null | undefined;
  const broker = failure ? undefined : metadata.brokers[0];
  if (broker === undefined) {
    tell({ _tag: 'NotStarted', reason: failure?.message ?? 'the client names no broker' });
    return;
  }
  process.on('message', makeTopic);
  tell({ _tag: 'Started', servers: `${broker.host}:${broker.port}` });
});
