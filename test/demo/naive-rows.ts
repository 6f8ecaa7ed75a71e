/** The rows of projections in memory, changed one event at a time: what a projection means, in the plainest code. */
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import type { Projection, Row, Table, RowChange } from '../../projections/projection';

/** One projection's rows by key. */
export interface NaiveRows {
  readonly apply: (event: RecordedEvent) => void;
  readonly find: (key: string) => Row | undefined;
  /** In key order. */
  readonly all: () => ReadonlyArray<Row>;
}

type Rows = Map<string, Row>;

export const naiveRows = (projection: Projection): NaiveRows => {
  const types = new Set(projection.handles.map(({ type }) => type));
  const view: Rows = new Map();
  const memory: Rows = new Map();
  const { rollup } = projection;

  const remember = (memoryTable: Table, upsert: RowChange): void => {
    const before = memory.get(keyOf(upsert.key));
    applyUpsert(memory, memoryTable, upsert);
    const after = memory.get(keyOf(upsert.key));
    count(before, -1);
    count(after, 1);
  };
  const count = (row: Row | undefined, sign: number): void => {
    const contribution = row === undefined ? undefined : rollup?.contribution(row);
    if (contribution === undefined) return;
    const add = Object.fromEntries(Object.entries(contribution.add).map(([name, value]) => [name, sign * value]));
    applyUpsert(view, projection.view, { key: contribution.key, add });
    const counted = view.get(keyOf(contribution.key)) ?? {};
    if (Object.keys(projection.view.columns).every((name) => counted[name] === 0)) view.delete(keyOf(contribution.key));
  };

  return {
    apply: (event) => {
      if (!types.has(event.type)) return;
      for (const upsert of projection.project(event)) {
        if (rollup === undefined) applyUpsert(view, projection.view, upsert, projection.compute);
        else remember(rollup.memory, upsert);
      }
    },
    find: (key) => view.get(key),
    all: () => [...view].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row),
  };
};

const keyOf = (key: Row): string => Object.values(key).join(':');

const applyUpsert = (
  rows: Rows,
  table: Table,
  { key, version, set, add, addEach, max }: RowChange,
  compute?: Projection['compute'],
): void => {
  const row: Record<string, unknown> = { ...(rows.get(keyOf(key)) ?? { ...key, ...emptyColumns(table) }) };
  if (version !== undefined) {
    if (version <= Number(row['version'])) return;
    row['version'] = version;
  }
  Object.assign(row, set);
  for (const [name, value] of Object.entries(add ?? {})) row[name] = Number(row[name]) + value;
  for (const [name, values] of Object.entries(addEach ?? {})) {
    const sums = { ...(row[name] as Record<string, number> | null) };
    for (const [member, value] of Object.entries(values)) sums[member] = (sums[member] ?? 0) + value;
    row[name] = Object.fromEntries(Object.entries(sums).sort(([left], [right]) => (left < right ? -1 : 1)));
  }
  for (const [name, value] of Object.entries(max ?? {})) {
    const known = row[name] as number | string | null;
    if (known === null || value > known) row[name] = value;
  }
  rows.set(keyOf(key), { ...row, ...compute?.(row) });
};

const emptyColumns = ({ columns }: Table): Row =>
  Object.fromEntries(
    Object.entries(columns).map(([name, { type, nullable }]) => [name, nullable ? null : type === 'integer' ? 0 : '']),
  );
