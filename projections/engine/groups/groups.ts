/** One consumer group per projection, in the main thread: reads Kafka and hands batches to the writer thread. */
export { projectionGroups, type ProjectionGroups } from './projection-groups';
