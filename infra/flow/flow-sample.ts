/** The flow at one moment: what each stage says of itself, held against what the store holds. */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Clock } from '../clock';
import type { GroupStatus, PartitionStatus } from '../consumption/status/status';
import { relayLag } from '../relay/relay-monitor';
import type { RelayStatus } from '../relay/state/state';
import type { EventFeed } from '../event-store/event-feed';
import { unappliedEvents, type Unapplied } from './unapplied-events';

/** Reads the store; closed by whoever has opened it. */
export type FlowReader = Pick<EventFeed, 'lastPosition' | 'readAll' | 'identities'>;

/** A consumer group as its file says: process managers stand for what is consumed, projections for what is projected. */
export interface FlowGroup {
  readonly stage: 'consumed' | 'projected';
  readonly status: GroupStatus;
}

export interface FlowSources {
  readonly catalog: Catalog;
  readonly clock: Clock;
  /** Undefined where there is no store yet. */
  readonly reader: () => Promise<FlowReader | undefined>;
  /** As the relay has written it last; undefined where none has run. */
  readonly relayStatus: () => RelayStatus | undefined;
  readonly groups: () => ReadonlyArray<FlowGroup>;
}

/** `silent`: it says that it works, and has not said so for {@link SILENT_MS}: its process is gone or hangs. */
export type StageState = RelayStatus['state'] | GroupStatus['state'] | 'silent';

export interface RelaySample {
  readonly state: StageState;
  readonly reason: string | null;
  readonly cursor: number;
  readonly sentPosition: number;
  readonly lagEvents: number;
  readonly lagSeconds: number;
  /** Age of the oldest event that was not handed to the Kafka client. */
  readonly unsentSeconds: number;
  /** Age of the last heartbeat that was sent, and of the last one that Kafka has acknowledged; absent where none are sent. */
  readonly heartbeat?: { readonly sentSeconds: number; readonly acknowledgedSeconds: number | null };
  readonly failures: RelayStatus['failures'];
  readonly published: number;
  readonly updatedAt: string;
}

export interface PartitionSample extends Pick<PartitionStatus, 'topic' | 'partition' | 'nextOffset' | 'state'> {
  readonly lag: number;
  /** The group says nothing of its lag now: it was counted in the store. */
  readonly isEstimate: boolean;
  /** Age of the oldest event in Kafka that is not applied; 0 where there is none. */
  readonly ageSeconds: number;
  readonly logEndOffset: number | null;
}

export interface GroupSample extends Pick<GroupStatus, 'group' | 'reason' | 'outcomes' | 'updatedAt'> {
  readonly stage: FlowGroup['stage'];
  readonly state: StageState;
  /** Age of the last heartbeat that came to the group; absent where it reads none. */
  readonly heartbeatSeconds?: number;
  readonly hottestKeys?: GroupStatus['hottestKeys'];
  /** How long an event took in the last batches. */
  readonly eventSeconds?: number;
  readonly partitions: ReadonlyArray<PartitionSample>;
}

export interface FlowSample {
  /** By the clock that never goes back. */
  readonly atMs: number;
  readonly storePosition: number;
  /** Undefined where no relay has run. */
  readonly relay: RelaySample | undefined;
  readonly groups: ReadonlyArray<GroupSample>;
}

/** Relay and groups write their status every five seconds at least. */
export const SILENT_MS = 11_000;

/** Looks into the files; undefined where there is no store yet. */
export const takeFlowSample = async (sources: FlowSources): Promise<FlowSample | undefined> => {
  const reader = await sources.reader();
  if (reader === undefined) return undefined;
  const status = sources.relayStatus();
  const cursor = status?.cursor ?? 0;
  const groups: GroupSample[] = [];
  for (const group of sources.groups()) groups.push(await groupSample(sources, reader, cursor, group));
  return {
    atMs: sources.clock.monotonicMs(),
    storePosition: await reader.lastPosition(),
    relay: status === undefined ? undefined : await relaySample(sources, reader, status),
    groups,
  };
};

const stateOf = (
  { state, updatedAt }: { readonly state: StageState; readonly updatedAt: string },
  clock: FlowSources['clock'],
): StageState => {
  if (state === 'stopped') return state;
  return clock.nowMs() - Date.parse(updatedAt) > SILENT_MS ? 'silent' : state;
};

const relaySample = async ({ clock }: FlowSources, reader: FlowReader, status: RelayStatus): Promise<RelaySample> => {
  const { reason, cursor, failures, published, updatedAt, heartbeat } = status;
  const ageOf = (at: string): number => ageSeconds(at, clock);
  const sentPosition = Math.max(cursor, status.sentPosition ?? cursor);
  const { lagEvents, lagSeconds } = await relayLag(reader, status, clock);
  return {
    state: stateOf(status, clock),
    reason,
    cursor,
    sentPosition,
    lagEvents,
    lagSeconds,
    unsentSeconds: (await relayLag(reader, { cursor: sentPosition, blocked: [] }, clock)).lagSeconds,
    ...(heartbeat === undefined
      ? {}
      : {
          heartbeat: {
            sentSeconds: ageOf(heartbeat.sentAt),
            acknowledgedSeconds: heartbeat.acknowledgedSentAt === null ? null : ageOf(heartbeat.acknowledgedSentAt),
          },
        }),
    failures,
    published,
    updatedAt,
  };
};

const ageSeconds = (at: string, clock: FlowSources['clock']): number =>
  Math.max(0, clock.nowMs() - Date.parse(at)) / 1_000;

const groupSample = async (
  { clock, catalog }: FlowSources,
  reader: FlowReader,
  cursor: number,
  { stage, status }: FlowGroup,
): Promise<GroupSample> => {
  const state = stateOf(status, clock);
  const isSpeaking = state !== 'silent' && state !== 'stopped';
  const furthest = Math.max(0, ...status.partitions.map(({ highWaterPosition }) => highWaterPosition));
  const unapplied = await unappliedEvents({
    reader,
    catalog,
    untilPosition: cursor,
    partitions: status.partitions
      .filter(({ lag }) => !isSpeaking || lag !== 0)
      .map(({ topic, partition, lag, highWaterPosition }) => ({
        topic,
        partition,
        // One that had nothing to read when it spoke last has all that was in Kafka then.
        afterPosition: lag === null || lag === 0 ? furthest : highWaterPosition,
        isCounted: lag === null || !isSpeaking,
      })),
  });
  const { group, reason, outcomes, updatedAt, heartbeat, hottestKeys, processing } = status;
  const partitions = status.partitions.map((each) => partitionSample(each, isSpeaking, clock, unapplied.get(each)));
  const beat = heartbeat === undefined ? {} : { heartbeatSeconds: ageSeconds(heartbeat.sentAt, clock) };
  const load = {
    ...(hottestKeys === undefined ? {} : { hottestKeys }),
    ...(processing === undefined ? {} : { eventSeconds: processing.eventSeconds }),
  };
  return { group, stage, state, ...beat, ...load, reason, outcomes, updatedAt, partitions };
};

const partitionSample = (
  { topic, partition, nextOffset, state, lag, logEndOffset }: PartitionStatus,
  isSpeaking: boolean,
  clock: FlowSources['clock'],
  unapplied: Unapplied | undefined,
): PartitionSample => {
  const isEstimate = lag === null || !isSpeaking;
  const oldestAtMs = unapplied?.oldestAtMs;
  return {
    topic,
    partition,
    nextOffset,
    state,
    lag: isEstimate ? Math.max(lag ?? 0, unapplied?.events ?? 0) : lag,
    isEstimate,
    ageSeconds: oldestAtMs === undefined ? 0 : Math.max(0, clock.nowMs() - oldestAtMs) / 1_000,
    logEndOffset,
  };
};
