/**
 * Finds the events of rows that are joined with references: those that changed the row itself, and those that changed a row of a
 * reference that it was ever joined with.
 */
import type { Projection, RowChange } from '../../projection';
import { foldInto, inMemoryGeneration, keyCells, keyText, type Cell } from '../tables/tables';
import { addPosition, addressText, type Finder, type RowAddress } from './row-finder';

/** Starts a search for these rows of a projection with references. */
export const joinFinder = ({
  projection,
  rows,
}: {
  readonly projection: Projection;
  readonly rows: ReadonlyArray<RowAddress>;
}): Finder => {
  const tables = inMemoryGeneration(projection);
  const { view, references } = tables;
  /** Of the rows that are looked for, and of every row of a reference. */
  const positions = new Map<string, number[]>(rows.map((row) => [addressText(row), []]));
  const sought = rows.filter(({ table }) => table === 'view').map(({ key }) => key);
  const seekers = new Map(sought.map((key) => [keyText(key), new Set<string>()]));
  const addressOf = ({ in: reference, key }: RowChange): RowAddress => {
    const shape = reference === undefined ? view.shape : references.get(reference)?.shape;
    return { table: reference ?? 'view', key: shape === undefined ? [] : keyCells(shape, key) };
  };
  return {
    look: (event) => {
      const changes = projection.project(event);
      for (const change of changes) {
        const address = addressText(addressOf(change));
        const known = positions.get(address);
        if (known !== undefined) addPosition(known, event.position);
        else if (change.in !== undefined) positions.set(address, [event.position]);
      }
      const own = changes.filter((change) => change.in === undefined && seekers.has(keyText(addressOf(change).key)));
      if (own.length === 0) return;
      try {
        const fold = foldInto({ ...tables, projection: { ...projection, project: () => own } });
        fold.handle(event);
        fold.finish();
      } catch {
        // The row cannot hold the result: the event is dead-lettered.
      }
      for (const [key, joined] of seekers) {
        const row = view.find(JSON.parse(key) as ReadonlyArray<Cell>);
        for (const address of row === undefined ? [] : joinedWith(tables, row)) joined.add(address);
      }
    },
    positionsOf: (row) => {
      const joined = row.table === 'view' ? [...(seekers.get(keyText(row.key)) ?? [])] : [];
      const all = [addressText(row), ...joined].flatMap((address) => positions.get(address) ?? []);
      return [...new Set(all)].sort((left, right) => left - right);
    },
  };
};

/** The rows of references that a row of the view is joined with. */
const joinedWith = (
  { projection, view }: Pick<ReturnType<typeof inMemoryGeneration>, 'projection' | 'view'>,
  row: ReadonlyArray<Cell>,
): ReadonlyArray<string> =>
  Object.entries(projection.references ?? {}).map(([table, { on }]) =>
    addressText({ table, key: on.map((name) => row[view.shape.indexOf.get(name) ?? 0] ?? null) }),
  );
