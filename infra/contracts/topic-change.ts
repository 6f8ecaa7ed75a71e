/** What a change of a topic's design means for its consumers. */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Topic } from '../../domain/kernel/topic';
import type { LockedTopic } from './contract-lock';
import type { Finding } from './finding';
import { ACCEPT } from './finding-lines';

/**
 * Compares a topic with the lock.
 * @param was the topic in the lock, undefined where it is new
 * @param is the topic in the catalog, undefined where it is gone
 * @param successor the topic that replaces it
 */
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
    const problem = `its events are now published to ${successor}, which replaces it`;
    const remedy = `Keep the topic until its last outside consumer has switched. ${ACCEPT}`;
    return [{ subject, problem, remedy, details: [], acceptable: true }];
  }
  if (is === undefined) {
    const remedy = 'Its consumers and its history still exist: restore it.';
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
        ? "Keys would move to other partitions and lose their order. Follow 'Another number of partitions' in docs/contracts.md (a new topic for the new count or key); 'npx tidemark contracts partitions' shows the effect."
        : ACCEPT,
      details: [],
      acceptable: !movesKeys,
    },
  ];
};

/** The topic that replaces the one in the lock, by its name and number of partitions. */
export const successorOf = ({ aggregates }: Catalog, name: string, was: LockedTopic | undefined): string | undefined =>
  aggregates.find(({ topic }) =>
    topic.earlier?.some((each) => each.name === name && each.partitions === was?.partitions),
  )?.topic.name;

/** A finding where an event is no longer published to the topic in the lock. */
export const movedEvent = (type: string, from: string, to: Topic): ReadonlyArray<Finding> =>
  from === to.name || to.earlier?.some(({ name }) => name === from) === true
    ? []
    : [
        {
          subject: type,
          compatibility: 'breaking',
          problem: `the event moved from the topic ${from} to ${to.name}`,
          remedy: `Consumers of ${from} would no longer receive it. Publish it to its old topic, or publish an event with a new name.`,
          details: [],
          acceptable: false,
        },
      ];
