/** The program as it was before its contracts changed: each event in its first version, under its first name. */
import { catalogOf, type Catalog } from '../../../domain/kernel/aggregate';
import type { AnyEventDefinition } from '../../../domain/kernel/event-definition';

/** What the code of that day knew. */
export const olderCatalog = ({ aggregates }: Catalog): Catalog =>
  catalogOf(
    aggregates.map((aggregate) => {
      const events = [...aggregate.events.values()].map(firstVersion);
      return { ...aggregate, events: new Map(events.map((each) => [each.type, each])) };
    }),
  );

const firstVersion = (definition: AnyEventDefinition): AnyEventDefinition => {
  const [first] = definition.earlier;
  if (first === undefined) return definition;
  const { type, schemaVersion, meaning, codec, since } = first;
  return { type, schemaVersion, meaning, codec, since, owner: definition.owner, earlier: [] };
};
