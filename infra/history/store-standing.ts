/**
 * How the store stands to all that was made from it: the relay's cursor, the marks of every consumer, and whose files they
 * are. Read from the files themselves, so that any process can tell, whichever roles run.
 */
import { readStageMark } from '../sqlite/stage-mark';
import { otherStoreReason } from '../sqlite/store-identity';
import { storeBehindWays } from '../relay/published-history';

/** A file that was made from a store. */
export interface Stage {
  readonly name: 'relay' | 'views' | 'reactors';
  readonly file: string;
  /** The store that it belongs to; undefined where none was noted, or there is no file. */
  readonly storeId: string | undefined;
  /** The highest position that it has dealt with, and who has; undefined where there is no file. */
  readonly mark: { readonly who: string; readonly position: number } | undefined;
}

export interface StoreStanding {
  readonly storeId: string;
  readonly lastPosition: number;
  readonly stages: ReadonlyArray<Stage>;
  readonly verdict: 'fits' | 'store-behind' | 'other-store';
  /** What does not fit, and the ways out; null where all does. */
  readonly reason: string | null;
}

export interface StandingFiles {
  readonly relay: string;
  readonly views: string;
  readonly reactors: string;
}

/** Reads the marks first and the store's last position after them: a program that runs never looks behind by that. */
export const storeStanding = async (
  files: StandingFiles,
  storeId: string,
  lastPosition: () => Promise<number>,
): Promise<StoreStanding> => {
  const stages = [
    { name: 'relay', file: files.relay, ...readStageMark(files.relay, 'cursor') } as const,
    { name: 'views', file: files.views, ...readStageMark(files.views, 'checkpoints') } as const,
    { name: 'reactors', file: files.reactors, ...readStageMark(files.reactors, 'checkpoints') } as const,
  ];
  const last = await lastPosition();
  const found = { storeId, lastPosition: last, stages };
  const other = stages.find((stage) => stage.storeId !== undefined && stage.storeId !== storeId);
  if (other?.storeId !== undefined) {
    return { ...found, verdict: 'other-store', reason: otherStoreReason(other.file, other.storeId, storeId) };
  }
  const [ahead] = stages
    .flatMap(({ mark }) => (mark === undefined ? [] : [mark]))
    .sort((left, right) => right.position - left.position);
  if (ahead === undefined || ahead.position <= last) return { ...found, verdict: 'fits', reason: null };
  const reason =
    `${ahead.who} has come to position ${ahead.position}, but the store (${storeId}) ends at ${last}: it is older than what ` +
    `was made from it (a restored backup?), and its next positions are taken. ${storeBehindWays}`;
  return { ...found, verdict: 'store-behind', reason };
};
