/** What a change of a topic's design does to those who have read it so far. */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Topic } from '../../domain/kernel/topic';
import type { LockedTopic } from './contract-lock';
import type { Finding } from './finding';
import { ACCEPT } from './finding-lines';

/** Compares a topic with what was agreed; undefined where it is not there. `successor` takes over from it. */
export const topicChange = (
  name: string,
  was: LockedTopic | undefined,
  is: LockedTopic | undefined,
  successor: string | undefined,
): ReadonlyArray<Finding> => {
  const subject = `topic ${name}`;
  if (was === undefined)
    return [
      { subject, problem: 'the topic is new and not in the lock', remedy: ACCEPT, details: [], acceptable: true },
    ];
  if (is === undefined && successor !== undefined) {
    const problem = `its events go to ${successor} now, which takes over from it`;
    const remedy = `Keep the topic until its last outside consumer has gone over. ${ACCEPT}`;
    return [{ subject, problem, remedy, details: [], acceptable: true }];
  }
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
        ? "Keys would move to other partitions and lose their order. Follow 'Another number of partitions' in docs/contracts.md (a topic of its own for the new count or key); 'npx tidemark contracts partitions' shows what it would do."
        : ACCEPT,
      details: [],
      acceptable: !movesKeys,
    },
  ];
};

/** The topic that takes over from one that had so many partitions. */
export const successorOf = ({ aggregates }: Catalog, name: string, was: LockedTopic | undefined): string | undefined =>
  aggregates.find(({ topic }) =>
    topic.earlier?.some((each) => each.name === name && each.partitions === was?.partitions),
  )?.topic.name;

/** Says so where an event is no longer published where it was agreed to be. */
export const movedEvent = (type: string, from: string, to: Topic): ReadonlyArray<Finding> =>
  from === to.name || to.earlier?.some(({ name }) => name === from) === true
    ? []
    : [
        {
          subject: type,
          compatibility: 'breaking',
          problem: `the event moved from the topic ${from} to ${to.name}`,
          remedy: `Consumers of ${from} would never see it again. Publish it where it was, or publish an event with a new name.`,
          details: [],
          acceptable: false,
        },
      ];
