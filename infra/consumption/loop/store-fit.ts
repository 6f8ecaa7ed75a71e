/** Whether a consumer's file and its high-water positions fit the store; checked before a group reads, and while it does. */
import type { EventFeed } from '../../event-store/event-feed';
import { otherStoreReason } from '../../sqlite/store-identity';
import type { Checkpoint } from '../checkpoints/checkpoints';
import { partitionName } from '../../topic-partition';

/** Resolves to why a group with these high-water positions must not continue; undefined where it may. */
export type StoreFit = (
  marks: ReadonlyArray<Pick<Checkpoint, 'topic' | 'partition' | 'highWaterPosition'>>,
) => Promise<string | undefined>;

export interface StoreFitOptions {
  readonly store: Pick<EventFeed, 'identity' | 'lastPosition'>;
  /** The consumer's file, and the store that it belongs to. */
  readonly file: string;
  readonly boundTo: string;
}

/** Makes the check; one call takes a few microseconds. */
export const storeFit = ({ store, file, boundTo }: StoreFitOptions): StoreFit => {
  const { storeId } = store.identity;
  const other = boundTo === storeId ? undefined : otherStoreReason(file, boundTo, storeId);
  return async (marks) => {
    if (other !== undefined) return other;
    const first = marks.reduce<(typeof marks)[number] | undefined>(
      (highest, each) => (each.highWaterPosition > (highest?.highWaterPosition ?? 0) ? each : highest),
      undefined,
    );
    const last = await store.lastPosition();
    if (first === undefined || first.highWaterPosition <= last) return undefined;
    return (
      `this group has applied events up to position ${first.highWaterPosition} (${partitionName(first)}), but the ` +
      `store (${storeId}) ends at ${last}: the store is older than its readers (a restored backup?), and new events would be ` +
      "dropped as duplicates. Restore the newest store; or start a new history from this one: 'npx tidemark store " +
      "new-history' shows the plan"
    );
  };
};
