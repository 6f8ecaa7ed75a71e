/** What a group does where records are missing in its log: it halts with the numbers, or reads them from the store if allowed. */
import { GAP_CAUSES, gapText, type OffsetGap } from '../../kafka/offset-gaps';
import { type Checkpoint, type CheckpointMove, checkpointAt } from '../checkpoints/checkpoints';
import type { StartingPlan } from './start-plan';

/** The group has applied everything before the gaps, and nothing after them. */
export class RecordsMissing extends Error {
  override readonly name = 'RecordsMissing';
  constructor(readonly gaps: ReadonlyArray<OffsetGap>) {
    super(gaps.map(gapText).join('; '));
  }
}

/** The reason for operators, with what to do. */
export const missingReason = ({ message }: RecordsMissing): string =>
  `${message}; ${GAP_CAUSES}. Nothing is skipped silently: check the topic's settings (kafka-configs.sh --describe), correct ` +
  'them, and start once with ACCEPT_NEW_LOG=true; the missing events are then read from the store';

/** The gaps that the group has reached: a blocked partition still has to apply what is before its gap. */
export const gapsReached = (
  gaps: ReadonlyArray<OffsetGap>,
  nextOffset: (gap: OffsetGap) => number | undefined,
): ReadonlyArray<OffsetGap> => gaps.filter((gap) => nextOffset(gap) === gap.expectedOffset);

/**
 * Extends a plan so that the gaps are filled from the store: their records were published before the ones after them, so a
 * catch-up to the store's end includes them all. Gaps that the checkpoints are past already change nothing.
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
