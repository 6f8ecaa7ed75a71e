/** One cluster for several installations: a text before each topic's name. */
import { catalogOf, type Catalog } from './aggregate';
import type { Topic } from './topic';

/** The same catalog with the prefix before the name of each topic, present and earlier. Throws InvalidDeclaration where a name then no longer is one. */
export const withTopicPrefix = ({ aggregates }: Catalog, prefix: string): Catalog =>
  catalogOf(aggregates.map((each) => ({ ...each, topic: prefixed(each.topic, prefix) })));

const prefixed = (topic: Topic, prefix: string): Topic => {
  const name = `${prefix}${topic.name}`;
  if (topic.earlier === undefined) return { ...topic, name };
  return { ...topic, name, earlier: topic.earlier.map((each) => ({ ...each, name: `${prefix}${each.name}` })) };
};
