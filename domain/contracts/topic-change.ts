/** What a change of a topic's design does to those who have read it so far. */
import type { LockedTopic } from './contract-lock';
import type { Finding } from './finding';
import { ACCEPT } from './finding-lines';

/** Compares a topic with what was agreed; undefined where it is not there. */
export const topicChange = (
  name: string,
  was: LockedTopic | undefined,
  is: LockedTopic | undefined,
): ReadonlyArray<Finding> => {
  const subject = `topic ${name}`;
  if (was === undefined)
    return [
      { subject, problem: 'the topic is new and not in the lock', remedy: ACCEPT, details: [], acceptable: true },
    ];
  if (is === undefined) {
    const remedy = 'Its consumers and its history are still there: bring it back.';
    return [
      { subject, compatibility: 'breaking', problem: 'the topic is gone', remedy, details: [], acceptable: false },
    ];
  }
  const changed = (['partitions', 'key', 'retention'] as const).filter((each) => was[each] !== is[each]);
  if (changed.length === 0) return [];
  const movesKeys = was.partitions !== is.partitions || was.key !== is.key;
  return [
    {
      subject,
      compatibility: movesKeys ? 'breaking' : 'full',
      problem: `its design changed: ${changed.map((each) => `${each} was ${was[each]}, is ${is[each]}`).join('; ')}`,
      remedy: movesKeys
        ? "Keys would move to other partitions and lose their order. Follow 'Another number of partitions' in README.md (a new generation of the topic); 'npx tidemark contracts partitions' shows what it would do."
        : ACCEPT,
      details: [],
      acceptable: !movesKeys,
    },
  ];
};
