/** Which kinds of events a store holds, by a sample: reading all of them would take as long as the store is large. */
import type { EventKind } from '../../domain/kernel/known-events';
import { openForReading } from './database';

/** A kind, and where such an event stands. */
export interface SampledKind extends EventKind {
  /** The first of the sampled positions that has one. */
  readonly position: number;
}

/** Enough to meet every kind that is not very rare, and read in some milliseconds. */
const SAMPLE_EVENTS = 2_000;

/** Looks at the newest events and at some spread over the store, without their payloads. Throws SQLite's errors. */
export const sampleEventKinds = (storeFile: string): ReadonlyArray<SampledKind> => {
  const database = openForReading(storeFile);
  try {
    const last = database.prepare<[], number | null>('SELECT max(position) FROM events').pluck().get() ?? 0;
    return database
      .prepare<[string], SampledKind>(
        `SELECT CASE instr(s.name, '-') WHEN 0 THEN s.name ELSE substr(s.name, 1, instr(s.name, '-') - 1) END AS category,
                e.type AS type, e.schema_version AS schemaVersion, min(e.position) AS position
           FROM json_each(?) wanted
                CROSS JOIN events e ON e.position = wanted.value CROSS JOIN streams s ON s.id = e.stream_id
          GROUP BY 1, 2, 3 ORDER BY min(e.position)`,
      )
      .all(JSON.stringify(samplePositions(last)));
  } finally {
    database.close();
  }
};

const samplePositions = (last: number): ReadonlyArray<number> => {
  const count = Math.min(SAMPLE_EVENTS, last);
  const newest = Array.from({ length: count }, (_, index) => last - index);
  const spread = Array.from({ length: count }, (_, index) => Math.floor((index * last) / count) + 1);
  return [...new Set([...newest, ...spread])];
};
