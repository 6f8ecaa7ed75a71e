/** Projections as the lock of the contracts records them (`LockedProjection` in `infra/contracts`, which it must fit). */
import type { Projection } from './projection';
import type { Columns, Table } from './table';

/** What the lock records of each projection, by its name. */
export const lockedProjections = (projections: ReadonlyArray<Projection>) =>
  Object.fromEntries(projections.map((projection) => [projection.name, lockedProjection(projection)]));

const lockedProjection = ({ version, view, rollup, references = {} }: Projection) => ({
  version,
  indexes: (view.indexes ?? []).map((index) => index.join(',')),
  tables: {
    view: tableOf(view),
    ...(rollup === undefined ? {} : { memory: tableOf(rollup.memory) }),
    ...Object.fromEntries(
      Object.entries(references).map(([name, { table, on, columns }]) => [
        name,
        { ...tableOf(table), on, shown: columns },
      ]),
    ),
  },
});

const tableOf = ({ key, columns, removals }: Table) => ({
  key: typesOf(key),
  columns: typesOf(columns),
  ...(removals === undefined ? {} : { removals }),
});

const typesOf = (columns: Columns): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(columns).map(([name, { type, nullable }]) => [name, nullable ? `${type} or null` : type]),
  );
