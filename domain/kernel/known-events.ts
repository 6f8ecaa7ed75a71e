/** Which stored events a program can read, judging by the envelope alone. */
import type { Catalog } from './aggregate';
import { versionsOf } from './event-versions';

/** The kind of an event: its type and schema version, and the category of its stream. */
export interface EventKind {
  readonly category: string;
  readonly type: string;
  readonly schemaVersion: number;
}

/** Returns a function that names what the catalog lacks for a kind of event; undefined where it has a contract for it. */
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
