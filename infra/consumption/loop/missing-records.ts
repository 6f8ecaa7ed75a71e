/** What a group does where its log lacks records: it halts with the numbers, or lets the store stand in where that is meant. */
import { GAP_CAUSES, gapText, type OffsetGap } from '../../kafka/offset-gaps';
import { type Checkpoint, type CheckpointMove, checkpointAt } from '../checkpoints/checkpoints';
import type { StartingPlan } from './start-plan';

/** The group has applied what stands before the gaps, and nothing behind them. */
export class RecordsMissing extends Error {
  override readonly name = 'RecordsMissing';
  constructor(readonly gaps: ReadonlyArray<OffsetGap>) {
    super(gaps.map(gapText).join('; '));
  }
}

/** For operators, with the way on. */
export const missingReason = ({ message }: RecordsMissing): string =>
  `${message}; ${GAP_CAUSES}. Nothing is skipped silently: look at the topic's settings (kafka-configs.sh --describe), set them ` +
  'right, and start once with ACCEPT_NEW_LOG=true; the store then stands in for what is missing';

/** Those gaps that the group has come to: of a partition that is held, what stands before the gap is still to be applied. */
export const gapsReached = (
  gaps: ReadonlyArray<OffsetGap>,
  nextOffset: (gap: OffsetGap) => number | undefined,
): ReadonlyArray<OffsetGap> => gaps.filter((gap) => nextOffset(gap) === gap.expectedOffset);

/**
 * The plan where the store is to stand in for gaps: whatever they held was published before what was found behind them, so that
 * a catch-up to the store's end has all of it. Gaps that the checkpoints have left behind change nothing.
 */
export const planAcross = (
  plan: StartingPlan,
  checkpoints: ReadonlyArray<Checkpoint>,
  gaps: ReadonlyArray<OffsetGap>,
): StartingPlan => {
  const moves = gaps.flatMap((gap): ReadonlyArray<CheckpointMove> => {
    const at = checkpointAt(checkpoints, gap);
    if (at?.nextOffset !== gap.expectedOffset || checkpointAt(plan.moves, gap) !== undefined) return [];
    return [{ ...at, nextOffset: gap.foundOffset, fromLogId: at.logId, fromOffset: at.nextOffset }];
  });
  if (moves.length === 0) return plan;
  return { ...plan, moves: [...plan.moves, ...moves], catchUp: plan.catchUp ?? gaps.map(gapText).join('; ') };
};
