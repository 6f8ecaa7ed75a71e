/** What a log holds, partition by partition. */
import type { ListOffsetsResult, OffsetSpec as Spec } from '@confluentinc/kafka-javascript';
import type { Clock } from '../clock';
import { exclusive } from '../exclusive';
import type { Logger } from '../logger';
import { openAdmin, type Admin } from './admin-client';
import { answerOf, errorCodes, KafkaError } from './client-errors';
import type { ClientSettings } from './client-settings';
import type { ConnectionTrouble } from './connection-trouble';
import type { EventLog } from './event-log';
import { IsolationLevel, OffsetSpec } from './native-client';
import { isSamePartition, partitionName, type TopicPartition } from '../topic-partition';

const REQUEST_TIMEOUT_MS = 5_000;
const MAX_ATTEMPTS = 5;
const RETRY_MS = 100;

/** What a broker says to a client that knows an older state of the cluster, or a newer one than itself. */
const OUTDATED: ReadonlySet<number> = new Set([
  errorCodes.ERR_LEADER_NOT_AVAILABLE,
  errorCodes.ERR_NOT_LEADER_FOR_PARTITION,
  errorCodes.ERR_FENCED_LEADER_EPOCH,
  errorCodes.ERR_UNKNOWN_LEADER_EPOCH,
]);

const isOutdated = (error: unknown): boolean => error instanceof KafkaError && OUTDATED.has(error.code);

export interface PartitionWatermarks extends TopicPartition {
  /** The first offset that is still there. */
  readonly low: number;
  /** The offset that the next record will get. */
  readonly high: number;
}

/** Asks for the bounds of partitions, in their order. */
export type ReadWatermarks = (partitions: ReadonlyArray<TopicPartition>) => Promise<ReadonlyArray<PartitionWatermarks>>;

export interface LogOffsets {
  readonly readWatermarks: ReadWatermarks;
  readonly atTime: EventLog['offsetsAtTime'];
  readonly close: () => Promise<void>;
}

/**
 * Asks on a connection of its own: on a consumer's, each question would wait for the fetch before it, which the broker
 * holds for half a second while there is nothing to read. One question at a time, and after an error with a new client:
 * the old one would ask with the leader epoch from before a broker's restart for ever.
 */
export const openLogOffsets = (
  settings: ClientSettings,
  clock: Clock,
  logger: Logger,
  trouble?: ConnectionTrouble,
): LogOffsets => {
  let admin: Admin | undefined;
  const inTurn = exclusive();
  const renew = (): void => {
    admin?.disconnect();
    admin = undefined;
  };
  const askOnce: ReadWatermarks = async (partitions) => {
    admin ??= openAdmin(settings, logger, trouble);
    const lows = await ask(admin, partitions, OffsetSpec.EARLIEST);
    const highs = await ask(admin, partitions, OffsetSpec.LATEST);
    // `ask` answers one number for each partition.
    return partitions.map((place, index) => ({ ...place, low: lows[index] ?? 0, high: highs[index] ?? 0 }));
  };
  /** Again with a new client, where the old one knows an older state of the cluster. */
  const patiently = <Answer>(question: () => Promise<Answer>): Promise<Answer> =>
    inTurn(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await question();
        } catch (error) {
          renew();
          if (!isOutdated(error) || attempt === MAX_ATTEMPTS) throw error;
        }
        await clock.sleep(RETRY_MS);
      }
    });
  return {
    readWatermarks: async (partitions) => {
      if (partitions.length === 0) return [];
      const places = partitions.map(({ topic, partition }) => ({ topic, partition }));
      return patiently(() => askOnce(places));
    },
    atTime: async (partitions, timeMs) => {
      if (partitions.length === 0) return [];
      const places = partitions.map(({ topic, partition }) => ({ topic, partition }));
      return patiently(async () => {
        const bounds = await askOnce(places);
        admin ??= openAdmin(settings, logger, trouble);
        const offsets = await ask(admin, places, new OffsetSpec(timeMs));
        return bounds.map(({ topic, partition, high }, index) => {
          const offset = offsets[index] ?? -1;
          // -1: no record is so young.
          return { topic, partition, offset: offset < 0 ? high : offset };
        });
      });
    },
    close: async () =>
      inTurn(async () => {
        renew();
        return Promise.resolve();
      }),
  };
};

const ask = async (
  admin: Admin,
  partitions: Parameters<ReadWatermarks>[0],
  spec: Spec,
): Promise<ReadonlyArray<number>> => {
  const answer = await answerOf<ListOffsetsResult[]>('ask for offsets', (callback) => {
    admin.listOffsets(
      partitions.map(({ topic, partition }) => ({ topic, partition, offset: spec })),
      // Counts what is replicated, also within transactions that are still open.
      { timeout: REQUEST_TIMEOUT_MS, isolationLevel: IsolationLevel.READ_UNCOMMITTED },
      callback,
    );
  });
  return partitions.map((at) => {
    const found = answer.find((each) => isSamePartition(each, at));
    if (found !== undefined && found.error === undefined) return found.offset;
    const reason = found?.error?.message ?? 'the broker left it out';
    throw new KafkaError(found?.error?.code ?? -1, `ask for the offsets of ${partitionName(at)}: ${reason}`);
  });
};
