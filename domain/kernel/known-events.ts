/** Which stored events a program can read, told by what stands beside the payload. */
import type { Catalog } from './aggregate';
import { versionsOf } from './event-versions';

/** What an event is one of: a type in a version, in streams of a category. */
export interface EventKind {
  readonly category: string;
  readonly type: string;
  readonly schemaVersion: number;
}

/** Makes the function that says what the catalog lacks for a kind of event; undefined where it has a contract for it. */
export const unknownKinds = (catalog: Catalog): ((kind: EventKind) => string | undefined) => {
  const known = new Set(
    catalog.aggregates.flatMap(({ category, events }) =>
      [...events.values()].flatMap((definition) =>
        versionsOf(definition).map(({ type, schemaVersion }) => `${category}/${type}/${schemaVersion}`),
      ),
    ),
  );
  return ({ category, type, schemaVersion }) => {
    if (catalog.byCategory(category) === undefined) return `the category '${category}'`;
    return known.has(`${category}/${type}/${schemaVersion}`)
      ? undefined
      : `${type} version ${schemaVersion} of the category '${category}'`;
  };
};
