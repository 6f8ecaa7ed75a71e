/** The consumer's file in memory keeps the contract. */
import { inMemoryConsumerFile } from '../../../infra/memory/consumer-file/consumer-file';
import { ownClock } from '../../support/test-clock';
import { consumerFileContract } from './contract';

consumerFileContract('in memory', () => {
  const file = inMemoryConsumerFile(ownClock);
  const { statuses, takeOver } = file;
  return Promise.resolve({ file, statuses, takeOver, close: () => undefined });
});
