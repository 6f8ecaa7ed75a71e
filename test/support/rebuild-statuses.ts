/** What `tidemark rebuild --json` has printed. */
import type { RebuildStatus } from '../../projections/view-reader';

/** The last status of each projection. */
export const lastStatuses = (output: string): ReadonlyMap<string, RebuildStatus> =>
  new Map(
    output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as RebuildStatus)
      .map((each) => [each.projection, each]),
  );
