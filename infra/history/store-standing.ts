/**
 * Whether the store and the files that were made from it fit together: the relay's cursor, the high-water positions of every
 * consumer, and the store ids in the files. Read from the files themselves, so that any process can check, whichever roles run.
 */
import { readStageMark } from '../sqlite/stage-mark';
import { otherStoreReason } from '../sqlite/store-identity';
import { storeBehindWays } from '../relay/published-history';

/** A file that was made from a store. */
export interface Stage {
  readonly name: 'relay' | 'views' | 'reactors';
  readonly file: string;
  /** The store that it belongs to; undefined where none is stored, or there is no file. */
  readonly storeId: string | undefined;
  /** The highest position that it has processed, and its owner (the relay or a group); undefined where there is no file. */
  readonly mark: { readonly who: string; readonly position: number } | undefined;
}

export interface StoreStanding {
  readonly storeId: string;
  readonly lastPosition: number;
  readonly stages: ReadonlyArray<Stage>;
  readonly verdict: 'fits' | 'store-behind' | 'other-store';
  /** What does not fit, and what to do; null where everything fits. */
  readonly reason: string | null;
}

export interface StandingFiles {
  readonly relay: string;
  readonly views: string;
  readonly reactors: string;
}

/** Reads the stages before the store's last position, so that no running stage can appear to be ahead of the store. */
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
    `${ahead.who} has reached position ${ahead.position}, but the store (${storeId}) ends at ${last}: it is older than what ` +
    `was made from it (a restored backup?), and its next positions are used already. ${storeBehindWays}`;
  return { ...found, verdict: 'store-behind', reason };
};
