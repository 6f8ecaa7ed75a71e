/** The life of a consumer group: plan, catch up from the store, consume, retry, and report. */
export type { ConsumerGroup, ConsumerGroupOptions } from './consumer-group';
export { deadLetterTopic } from './dead-letter-topic-name';
export type { GroupHandler } from './group-handler';
export { startConsumerGroup } from './start-consumer-group';
export { storeFit, type StoreFit } from './store-fit';
