/** Moves offsets that operators have asked for: never while the group runs. */
import { CheckpointMoved } from '../../infra/consumption/checkpoints';
import type { Logger } from '../../infra/logger';
import type { ProjectionGroups } from './projection-groups';
import type { CallViews } from './views-worker';

export interface OffsetQueueOptions {
  readonly call: CallViews;
  readonly groups: Pick<ProjectionGroups, 'stoppedWhile'>;
  readonly logger: Logger;
}

/** Carries out what was asked for and not done yet. */
export const moveAsked = async ({ call, groups, logger }: OffsetQueueOptions): Promise<void> => {
  for (const request of await call('openOffsetRequests', {})) {
    const { group } = request.order;
    try {
      // Stopped, not only paused: a group keeps its offsets in mind, and takes them up anew when it starts.
      await groups.stoppedWhile(group, () => call('moveOffsets', request));
      logger.warn({ group, actor: request.actor, moves: request.order.moves }, 'offsets were moved by hand');
    } catch (error) {
      if (!(error instanceof CheckpointMoved)) throw error;
      // It had come further than whoever asked has seen: nothing was moved.
      const reason = `${error.message}; nothing was moved: look again`;
      await call('failOffsetRequest', { id: request.id, reason });
    }
  }
};
