/** The embedded broker's one number of partitions, and what it means for an application that declares another. */
import type { Topic } from '../../../domain/kernel/topic';

/** The mock cluster gives every topic so many partitions. */
export const EMBEDDED_PARTITIONS = 4;

/** Which of the topics the embedded broker cannot serve, and what to do; undefined where it serves them all. */
export const embeddedMismatch = (topics: ReadonlyArray<Pick<Topic, 'name' | 'partitions'>>): string | undefined => {
  const others = topics.filter(({ partitions }) => partitions !== EMBEDDED_PARTITIONS);
  if (others.length === 0) return undefined;
  const declared = others.map(({ name, partitions }) => `the topic ${name} is declared with ${partitions} partitions`);
  return (
    `${declared.join(', ')}, but the embedded broker gives every topic ${EMBEDDED_PARTITIONS}: declare ${EMBEDDED_PARTITIONS} if its count ` +
    "is still open, or set KAFKA_BROKERS ('make kafka', or 'npx tidemark kafka start', starts a real Kafka on 127.0.0.1:9092)"
  );
};
