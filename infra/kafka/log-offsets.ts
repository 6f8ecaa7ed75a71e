/** What a log holds, partition by partition. */
import { IsolationLevel, OffsetSpec, type ListOffsetsResult } from '@confluentinc/kafka-javascript';
import type { Admin } from './admin-client';
import { answerOf, KafkaError } from './client-errors';

const REQUEST_TIMEOUT_MS = 2_000;

export interface PartitionBounds {
  readonly topic: string;
  readonly partition: number;
  /** The first offset that is still there. */
  readonly low: number;
  /** The offset that the next record will get. */
  readonly high: number;
}

/** Asks for the bounds of partitions, in their order. */
export type AskBounds = (
  partitions: ReadonlyArray<{ readonly topic: string; readonly partition: number }>,
) => Promise<ReadonlyArray<PartitionBounds>>;

/**
 * Asks on the admin client's connection: on a consumer's own, each question would wait for the fetch before it, which
 * the broker holds for half a second while there is nothing to read.
 */
export const askBoundsOn = (admin: Admin): AskBounds => {
  const ask = async (partitions: Parameters<AskBounds>[0], spec: OffsetSpec): Promise<ReadonlyArray<number>> => {
    const answer = await answerOf<ListOffsetsResult[]>('ask for offsets', (callback) => {
      admin.listOffsets(
        partitions.map(({ topic, partition }) => ({ topic, partition, offset: spec })),
        { timeout: REQUEST_TIMEOUT_MS, isolationLevel: IsolationLevel.READ_UNCOMMITTED },
        callback,
      );
    });
    return partitions.map(({ topic, partition }) => {
      const found = answer.find((each) => each.topic === topic && each.partition === partition);
      if (found?.error === undefined && found !== undefined) return found.offset;
      const reason = found?.error?.message ?? 'the broker left it out';
      throw new KafkaError(found?.error?.code ?? -1, `ask for the offsets of ${topic}/${partition}: ${reason}`);
    });
  };
  return async (partitions) => {
    if (partitions.length === 0) return [];
    const lows = await ask(partitions, OffsetSpec.EARLIEST);
    const highs = await ask(partitions, OffsetSpec.LATEST);
    return partitions.map(({ topic, partition }, index) => ({
      topic,
      partition,
      // `ask` answers one number for each partition.
      low: lows[index] ?? 0,
      high: highs[index] ?? 0,
    }));
  };
};
