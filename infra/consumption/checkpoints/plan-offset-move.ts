/** Whether an offset can be moved to where an operator asks, and what that would mean: a pure decision, with the numbers. */
import type { Checkpoint } from './checkpoint';

/** The current watermarks of a partition. */
export interface LogBounds {
  readonly low: number;
  readonly high: number;
}

/** Where the offset is to be moved: to an absolute offset, or by a number of records. */
export type OffsetTarget =
  { readonly _tag: 'Offset'; readonly offset: number } | { readonly _tag: 'Shift'; readonly records: number };

/** A possible move. */
export interface PlannedMove {
  readonly _tag: 'Move';
  readonly toOffset: number;
  /** What it means for the rows, for operators. */
  readonly meaning: string;
}

export type OffsetMovePlan =
  PlannedMove | { readonly _tag: 'Stay' } | { readonly _tag: 'Refuse'; readonly reason: string };

/** Plans the move of one partition. */
export const planOffsetMove = (
  { nextOffset }: Pick<Checkpoint, 'nextOffset'>,
  { low, high }: LogBounds,
  target: OffsetTarget,
): OffsetMovePlan => {
  const toOffset = target._tag === 'Offset' ? target.offset : nextOffset + target.records;
  if (toOffset < low || toOffset > high) {
    return { _tag: 'Refuse', reason: `offset ${toOffset} is not in the log, which holds ${low} to ${high}` };
  }
  if (toOffset === nextOffset) return { _tag: 'Stay' };
  const records = Math.abs(toOffset - nextOffset);
  const meaning =
    toOffset < nextOffset
      ? `${records} records are read again; those at or below the high-water position are dropped as duplicates`
      : `${records} records are SKIPPED: their events are missing in the rows until a rebuild`;
  return { _tag: 'Move', toOffset, meaning };
};
