/** Refusing a log that is not as declared: whoever writes to it and whoever reads it say the same. */
import type { Topic } from '../../domain/kernel/topic';
import type { LogTopic } from './event-log';

/** The role must not go on by itself. */
export interface Refusal {
  readonly _tag: 'Refuse';
  readonly reason: string;
}

/** Says why, and what to do. */
export const refuse = (reason: string): Refusal => ({ _tag: 'Refuse', reason });

/** The refusal where a topic has another partition count than the keys were placed by. */
export const refusedPartitionCount = (
  declared: ReadonlyArray<Topic>,
  found: ReadonlyArray<LogTopic>,
): Refusal | undefined => {
  for (const { name, partitions } of declared) {
    const topic = found.find((each) => each.topic === name);
    if (topic === undefined || topic.partitions === partitions) continue;
    return refuse(
      `the topic ${name} has ${topic.partitions} partitions, declared are ${partitions}: another count moves keys to other ` +
        'partitions, and the order of a key would be lost. Give the topic back its declared count (delete it and let the ' +
        'relay make it again, with ACCEPT_NEW_LOG=true), or give the new count a topic of its own: docs/contracts.md, Another number of partitions',
    );
  }
  return undefined;
};
