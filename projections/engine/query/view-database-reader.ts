/**
 * Reads the views' file while the writer thread, in the same process or another one, writes it. Before the file exists the
 * views are empty and no event counts as applied.
 */
import { existsSync } from 'node:fs';
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { GroupStatus } from '../../../infra/consumption/status/status';
import {
  groupStatusReader,
  readOffsetRequest,
  unresolvedReader,
} from '../../../infra/sqlite/consumer-file/consumer-file';
import {
  dataVersion,
  openForReading,
  refuseNewerSchema,
  schemaVersion,
  type Database,
} from '../../../infra/sqlite/database';
import { fileIdentity } from '../../../infra/sqlite/file-identity';
import { withUnresolvedReason } from '../../../infra/dead-letters/query/query';
import type { Projection } from '../../projection';
import type { ProjectionStatus, ViewDescription, ViewReader, ViewRow } from '../../view-reader';
import { copyReader, rebuildReader, servedReader, viewsMigrations } from '../generations/generations';
import { topicsOf } from '../definitions/definitions';
import { keyNames, shapeOf, staleRowsOf, type StaleRows } from '../tables/tables';
import { keyOf, parsedQuery, viewQueries, type ViewQueries } from './queries';

/** Opens the reader; `catalog` has the names of the topics. Whether the file exists is checked at each call. */
export const openViewReader = (file: string, projections: ReadonlyArray<Projection>, catalog: Catalog): ViewReader => {
  const views = projections.map((projection) => descriptionOf(projection, catalog));
  const described = (name: string): ViewDescription => {
    // A point-in-time copy has the columns of its view.
    const [viewName] = name.split('@');
    const view = views.find((each) => each.name === viewName);
    if (view === undefined) throw new Error(`no view is called '${name}'`);
    return view;
  };
  let opened: OpenViews | undefined;
  let openedIdentity: string | undefined;
  /** Counts the opened files, so that the change counters of two of them are never equal. */
  let replacements = 0;
  let isClosed = false;
  const open = (): OpenViews | undefined => {
    if (isClosed) throw new Error('the view reader is closed');
    // The file may be replaced, by a role that restarts from an empty file or by a restored backup: then the new one is opened.
    const identity = fileIdentity(file);
    if (opened !== undefined && identity === openedIdentity) return opened;
    opened?.close();
    opened = openViews(file, described);
    openedIdentity = identity;
    if (opened !== undefined) replacements += 1;
    return opened;
  };
  /** The rows with the chosen columns, and `stale` where they are. */
  const shown = (
    view: string,
    rows: ReadonlyArray<ViewRow>,
    columns: ReadonlyArray<string> | undefined,
  ): ReadonlyArray<ViewRow> => {
    const description = described(view);
    const marked = open()?.stale.markStale(description, rows) ?? rows;
    const chosen = columns ?? description.columns.map(({ name }) => name);
    return marked.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => name === 'stale' || chosen.includes(name))),
    );
  };
  return {
    views,
    list: (view, query) => {
      // The query is checked even if there are no rows yet.
      const parsed = parsedQuery(described(view), query);
      if (E.isLeft(parsed)) return parsed;
      const page = open()?.inView(view, NO_ROWS, (rows) => rows.list(query)) ?? NO_ROWS;
      if (E.isLeft(page)) return page;
      return E.right({ ...page.right, items: shown(view, page.right.items, query.columns) });
    },
    find: (view, key, columns) => {
      const cells = keyOf(described(view), key);
      const row =
        cells === undefined ? undefined : open()?.inView(view, undefined, (rows) => rows.find(cells, columns));
      return row === undefined ? undefined : shown(view, [row], columns)[0];
    },
    isQuarantined: (view, event) => open()?.stale.isQuarantined(view, event) ?? false,
    keysBehind: (view, stream, limit) => open()?.stale.keysBehind(view, stream, limit) ?? [],
    hasSeen: (view, event) => !described(view).topics.includes(event.topic) || (open()?.hasSeen(view, event) ?? false),
    projections: () => projections.map((projection) => open()?.status(projection) ?? unprepared(projection)),
    groups: () => open()?.groups() ?? [],
    latestRebuilds: () => projections.flatMap(({ name }) => open()?.rebuilds.latestOf(name) ?? []),
    rebuild: (id) => open()?.rebuilds.find(id),
    offsetRequest: (id) => open()?.offsetRequest(id),
    changeCounter: () => {
      const counter = open()?.changeCounter();
      return counter === undefined ? -1 : replacements * COUNTS_PER_FILE + counter;
    },
    close: () => {
      isClosed = true;
      opened?.close();
    },
  };
};

const COUNTS_PER_FILE = 2 ** 32;

const NO_ROWS: ReturnType<ViewReader['list']> = E.right({ items: [] });

const descriptionOf = (projection: Projection, catalog: Catalog): ViewDescription => {
  const shape = shapeOf(projection.view);
  return {
    name: projection.name,
    version: projection.version,
    meaning: projection.meaning,
    key: keyNames(shape),
    columns: shape.columns.map(({ name, type, nullable, meaning }) => ({ name, type, nullable, meaning })),
    indexes: shape.indexes,
    topics: topicsOf(catalog, projection).map(({ name }) => name),
  };
};

const unprepared = ({ name, version }: Projection): ProjectionStatus => ({
  name,
  version,
  generation: 0,
  rows: 0,
  rebuild: null,
  former: null,
  copies: [],
});

// -------------------------------------------------------------------------------------
// The file, once it exists
// -------------------------------------------------------------------------------------

interface OpenViews {
  /** Queries the served generation; returns `otherwise` where the projection was never prepared. */
  readonly inView: <Result>(view: string, otherwise: Result, query: (rows: ViewQueries) => Result) => Result;
  readonly hasSeen: ViewReader['hasSeen'];
  readonly stale: StaleRows;
  readonly status: (projection: Projection) => ProjectionStatus;
  readonly groups: () => ReadonlyArray<GroupStatus>;
  readonly rebuilds: ReturnType<typeof rebuildReader>;
  readonly offsetRequest: ViewReader['offsetRequest'];
  readonly changeCounter: () => number;
  readonly close: () => void;
}

/** Undefined while there is no file with this program's schema: the role that writes it has not started yet. */
const openViews = (file: string, described: (name: string) => ViewDescription): OpenViews | undefined => {
  if (!existsSync(file)) return undefined;
  const database = openForReading(file);
  try {
    refuseNewerSchema(database, viewsMigrations);
    if (schemaVersion(database) === viewsMigrations.length) return viewsOf(database, described);
  } catch (error) {
    database.close();
    throw error;
  }
  database.close();
  return undefined;
};

const viewsOf = (database: Database, described: (name: string) => ViewDescription): OpenViews => {
  const served = servedReader(database);
  const copies = copyReader(database);
  /** The generation that is read under the name of a view or a copy. */
  const generationOf = (view: string): number | undefined => {
    const [name, copy] = view.split('@');
    return copy === undefined ? served(view)?.generation : copies.generation(name ?? '', copy);
  };
  const highWater = database
    .prepare<[string, string, number], number>(
      'SELECT high_water_position FROM checkpoints WHERE consumer = ? AND topic = ? AND "partition" = ?',
    )
    .pluck();
  const rebuilds = rebuildReader(database);
  const readGroups = groupStatusReader(database);
  const unresolved = unresolvedReader(database);
  const groups = () => readGroups().map((status) => withUnresolvedReason(status, unresolved));
  const prepared = new Map<string, ViewQueries>();
  const counts = new Map<string, { readonly at: number; readonly rows: number }>();

  // One transaction reads which generation is served and its rows: a swap in between could drop the table.
  const inView: OpenViews['inView'] = (view, otherwise, query) =>
    database.transaction(() => {
      const generation = generationOf(view);
      if (generation === undefined) return otherwise;
      const known = prepared.get(view);
      if (known?.generation === generation) return query(known);
      const fresh = viewQueries(database, described(view), generation);
      prepared.set(view, fresh);
      return query(fresh);
    })();

  const rowsOf = (view: string): number => {
    const at = dataVersion(database);
    const known = counts.get(view);
    if (known?.at === at) return known.rows;
    const rows = inView(view, 0, (queries) => queries.count());
    counts.set(view, { at, rows });
    return rows;
  };

  return {
    inView,
    stale: staleRowsOf(database),
    hasSeen: (view, { topic, partition, position }) => (highWater.get(view, topic, partition) ?? 0) >= position,
    status: ({ name, version }) => {
      const row = served(name);
      const rebuild = rebuilds.latestOf(name) ?? null;
      return {
        name,
        version: row?.version ?? version,
        generation: row?.generation ?? 0,
        rows: rowsOf(name),
        rebuild,
        former: row?.previous ?? null,
        copies: copies.of(name),
      };
    },
    groups,
    rebuilds,
    offsetRequest: (id) => readOffsetRequest(database, id),
    changeCounter: () => dataVersion(database),
    close: () => void database.close(),
  };
};
