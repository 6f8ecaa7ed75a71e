/** The served and the previous generation of each projection. */
import type { Database } from '../../../infra/sqlite/database';

/** A generation of a projection's tables, and the version of the projection that made it. */
export interface VersionedGeneration {
  readonly version: number;
  readonly generation: number;
}

/** The served generation. */
export interface Served extends VersionedGeneration {
  /** The previous one, until it is dropped. */
  readonly previous?: VersionedGeneration;
}

export interface ServedTable {
  readonly find: (projection: string) => Served | undefined;
  /** Throws where the projection was never prepared. */
  readonly get: (projection: string) => Served;
  /** Call inside a transaction. */
  readonly put: (projection: string, served: Served) => void;
}

interface ServedRow extends VersionedGeneration {
  readonly previousVersion: number | null;
  readonly previousGeneration: number | null;
}

/** Prepares the read; works on a read-only connection too. */
export const servedReader = (database: Database): ServedTable['find'] => {
  const read = database.prepare<[string], ServedRow>(
    `SELECT version, generation, former_version AS previousVersion, former_generation AS previousGeneration
       FROM projections WHERE name = ?`,
  );
  return (name) => {
    const row = read.get(name);
    if (row === undefined) return undefined;
    const { previousVersion, previousGeneration, ...current } = row;
    if (previousVersion === null || previousGeneration === null) return current;
    return { ...current, previous: { version: previousVersion, generation: previousGeneration } };
  };
};

/** Prepares the statements on the views' file. */
export const servedTable = (database: Database): ServedTable => {
  const find = servedReader(database);
  const write = database.prepare<[string, number, number, number | null, number | null]>(
    `INSERT INTO projections VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET version = excluded.version, generation = excluded.generation,
         former_version = excluded.former_version, former_generation = excluded.former_generation`,
  );
  return {
    find,
    get: (name) => {
      const row = find(name);
      if (row === undefined) throw new Error(`the projection '${name}' was never prepared`);
      return row;
    },
    put: (name, { version, generation, previous }) =>
      void write.run(name, version, generation, previous?.version ?? null, previous?.generation ?? null),
  };
};
