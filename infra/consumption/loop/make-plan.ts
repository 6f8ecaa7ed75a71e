/** Inspects the log before a group reads it, and plans where the group starts. */
import type { LogConsumer } from '../../kafka/event-log';
import type { OffsetGap } from '../../kafka/offset-gaps';
import type { ConsumerGroupOptions } from './consumer-group';
import { planAcross } from './missing-records';
import { startingPlan, type CurrentWatermarks, type StartingPlan } from './start-plan';

/** The group must not continue before an operator has intervened. */
export class GroupHalted extends Error {
  override readonly name = 'GroupHalted';
}

/** A plan with the watermarks of the partitions that it was made for. */
export interface SessionPlan extends StartingPlan {
  readonly bounds: ReadonlyArray<CurrentWatermarks>;
}

/** Throws {@link GroupHalted}; rejects where Kafka does not respond, or a topic is missing. */
export const makePlan = async (
  { log, handler, topics, acceptNewLog, storeLastPosition }: ConsumerGroupOptions,
  consumer: LogConsumer,
  acceptedGaps: ReadonlyArray<OffsetGap>,
): Promise<SessionPlan> => {
  const found = await log.describe(handler.topics);
  const bounds: CurrentWatermarks[] = [];
  for (const { topic, partitions, logId } of found) {
    for (let partition = 0; partition < partitions; partition += 1) {
      bounds.push({ topic, partition, logId, ...(await consumer.watermarks(topic, partition)) });
    }
  }
  const checkpoints = await handler.checkpoints();
  const plan = startingPlan({ declared: topics, found, bounds, checkpoints, acceptNewLog });
  if (plan._tag === 'Refuse') throw new GroupHalted(plan.reason);
  const isHealed =
    plan.catchUp === undefined && (await handler.hasDeadLettersUpTo?.(await storeLastPosition())) === true;
  const healed = isHealed ? { ...plan, catchUp: 'the store has reached the positions of dead-lettered records' } : plan;
  return { ...planAcross(healed, checkpoints, acceptedGaps), bounds };
};
