/** How the table of stale rows identifies a row of each of a projection's tables. */
import type { Row } from '../../projection';

/** A row of the view: a JSON list. */
export const viewRow = (key: ReadonlyArray<unknown>): string => JSON.stringify(key);

/** A row of the detail table. */
export const detailRow = (key: ReadonlyArray<unknown>): string => `memory ${JSON.stringify(key)}`;

/** A row of a reference. */
export const referenceRow = (reference: string, key: ReadonlyArray<unknown>): string =>
  `reference ${reference} ${JSON.stringify(key)}`;

/**
 * Called for each changed detail row with each row of the view that it contributed to before, or contributes to now; and for each
 * changed row of the view with each row of a reference that it is joined with. `source` is the row as stale rows identify it.
 */
export type ContributionListener = (source: string, viewKey: Row) => void;
