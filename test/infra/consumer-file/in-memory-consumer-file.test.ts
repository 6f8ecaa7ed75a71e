/** The consumer's file in memory keeps the contract. */
import { systemClock } from '../../../infra/clock';
import { inMemoryConsumerFile } from '../../../infra/memory/consumer-file/consumer-file';
import { consumerFileContract } from './contract';

consumerFileContract('in memory', () => {
  const file = inMemoryConsumerFile(systemClock);
  const { statuses, takeOver } = file;
  return Promise.resolve({ file, statuses, takeOver, close: () => undefined });
});
