/** The checkpoints of consumer groups, read from their files, together with what Kafka holds now. */
import * as E from 'fp-ts/Either';
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { Checkpoint } from '../../infra/consumption/checkpoints/checkpoints';
import { readCloudEvent } from '../../infra/kafka/cloud-events';
import { keepsHistory, type EventLog, type LogConsumer } from '../../infra/kafka/event-log';
import { openLog } from '../../infra/broker/open-log';
import { silentLogger } from '../../infra/logger';
import { readGroupCheckpoints } from '../../infra/sqlite/consumer-file/consumer-file';
import { dataFiles } from '../program/data-files';
import { isSamePartition } from '../../infra/topic-partition';

/** The checkpoint of a group in one partition. */
export interface GroupPlace extends Checkpoint {
  readonly group: string;
  /** What Kafka holds; null if Kafka can't be reached. */
  readonly bounds: { readonly low: number; readonly high: number } | null;
  /** The event that the group reads next; null at the end. */
  readonly event: { readonly id: string; readonly type: string; readonly position: number } | null;
  /** The first offset at or after the requested time. */
  readonly offsetAtTime: number | null;
  /** Why a value is unknown. */
  readonly note: string | null;
}

export interface GroupPlacesOptions {
  readonly isWanted: (place: Pick<GroupPlace, 'group' | 'topic' | 'partition'>) => boolean;
  readonly atTimeMs?: number;
}

/** Reads the checkpoints; the roles may be running. */
export const groupPlaces = async (
  configuration: Configuration,
  { isWanted, atTimeMs }: GroupPlacesOptions,
): Promise<ReadonlyArray<GroupPlace>> => {
  const { views, reactors } = dataFiles(configuration.dataDirectory);
  const stored = [views, reactors].flatMap(readGroupCheckpoints).filter(isWanted);
  if (configuration.kafka === undefined) {
    return stored.map((place) => ({
      ...place,
      ...UNKNOWN,
      note: 'KAFKA_BROKERS is not set, and an embedded broker cannot be asked from outside',
    }));
  }
  const log = await openLog({ configuration, clock: systemClock, logger: silentLogger });
  try {
    return await placesIn(log, stored, atTimeMs);
  } finally {
    await log.close();
  }
};

type StoredPlace = Checkpoint & { readonly group: string };

const UNKNOWN = { bounds: null, event: null, offsetAtTime: null } as const;

const placesIn = async (
  log: EventLog,
  stored: ReadonlyArray<StoredPlace>,
  atTimeMs: number | undefined,
): Promise<ReadonlyArray<GroupPlace>> => {
  const consumer = await log.openConsumer('tidemark-offsets');
  try {
    const topics = new Map(
      (await log.describe([...new Set(stored.map(({ topic }) => topic))])).map((each) => [each.topic, each]),
    );
    const places: GroupPlace[] = [];
    for (const place of stored) {
      if (topics.get(place.topic)?.logId !== place.logId) {
        const note = keepsHistory(place.logId)
          ? 'the checkpoint belongs to another topic of that name (recreated, or in another cluster)'
          : 'the checkpoint belongs to the log of an embedded broker';
        places.push({ ...place, ...UNKNOWN, note });
        continue;
      }
      const bounds = await consumer.watermarks(place.topic, place.partition);
      const [at] = atTimeMs === undefined ? [] : await log.offsetsAtTime([place], atTimeMs);
      const event = await eventAt(consumer, place, bounds);
      places.push({ ...place, bounds, event, offsetAtTime: at?.offset ?? null, note: null });
    }
    return places;
  } finally {
    await consumer.close();
  }
};

const RECORD_TIMEOUT_MS = 5_000;

const eventAt = async (
  consumer: LogConsumer,
  { topic, partition, nextOffset: offset }: StoredPlace,
  { low, high }: { readonly low: number; readonly high: number },
): Promise<GroupPlace['event']> => {
  if (offset < low || offset >= high) return null;
  consumer.assign([{ topic, partition, offset }]);
  const untilMs = systemClock.monotonicMs() + RECORD_TIMEOUT_MS;
  while (systemClock.monotonicMs() < untilMs) {
    const record = (await consumer.poll(1)).find((each) => isSamePartition(each, { topic, partition }));
    if (record === undefined) continue;
    const event = readCloudEvent(record);
    if (E.isLeft(event)) return { id: 'not an event', type: event.left, position: 0 };
    const { id, type, position } = event.right.envelope;
    return { id, type, position };
  }
  return null;
};
