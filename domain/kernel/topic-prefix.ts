/** A prefix on every topic's name, so that several installations can share one Kafka cluster. */
import { catalogOf, type Catalog } from './aggregate';
import type { Topic } from './topic';

/** The same catalog with the prefix on each current and earlier topic name. Throws InvalidDeclaration where a name becomes invalid. */
export const withTopicPrefix = ({ aggregates }: Catalog, prefix: string): Catalog =>
  catalogOf(aggregates.map((each) => ({ ...each, topic: addPrefix(each.topic, prefix) })));

const addPrefix = (topic: Topic, prefix: string): Topic => {
  const name = `${prefix}${topic.name}`;
  if (topic.earlier === undefined) return { ...topic, name };
  return { ...topic, name, earlier: topic.earlier.map((each) => ({ ...each, name: `${prefix}${each.name}` })) };
};
