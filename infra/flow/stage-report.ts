/** What operators see of the flow: age, distance, rate and time to drain of each stage, and the slowest one named. Pure. */
import type { FlowSample, GroupSample, PartitionSample, StageState } from './flow-sample';
import { isSamePartition } from '../topic-partition';
import { quantileOf } from '../quantile';
import { verdictOf, worstOf, type PartitionLook, type Verdict } from './verdict';

export const stageNames = ['relayed', 'acknowledged', 'consumed', 'projected'] as const;

/**
 * `relayed`: handed to the Kafka client. `acknowledged`: Kafka has it on all in-sync replicas. `consumed`: the process managers
 * have learned of it. `projected`: it is in the rows of every projection.
 */
export type StageName = (typeof stageNames)[number];

/** How what waits goes down: `now` nothing waits, `draining` at the time in `etaSeconds`, else not, or not known yet. */
export type Drain = 'now' | 'draining' | 'not-draining' | 'measuring';

export interface Pace {
  /** Events that wait. */
  readonly behind: number;
  /** Age of the oldest of them. */
  readonly ageSeconds: number;
  /** Events that go through, a second. */
  readonly ratePerSecond: number;
  readonly drain: Drain;
  /** At the present rates, of going through and of coming in; null where it does not drain. */
  readonly etaSeconds: number | null;
}

export interface PartitionReport extends Pick<
  PartitionSample,
  'topic' | 'partition' | 'nextOffset' | 'lag' | 'isEstimate' | 'ageSeconds'
> {
  readonly verdict: Verdict;
}

export interface GroupReport extends Pace {
  readonly group: string;
  readonly stage: 'consumed' | 'projected';
  readonly state: StageState;
  readonly reason: string | null;
  readonly verdict: Verdict;
  readonly isEstimate: boolean;
  /** Age of the last heartbeat that came to it; null where it reads none. */
  readonly heartbeatSeconds: number | null;
  readonly partitions: ReadonlyArray<PartitionReport>;
}

export interface StageReport extends Pace {
  readonly stage: StageName;
  readonly state: StageState;
  readonly verdict: Verdict;
  /** Ages of the oldest event that waits, over the window. */
  readonly ageP50Seconds: number;
  readonly ageP99Seconds: number;
  /** Age of the last heartbeat that has passed it, of the slowest group; null where none was sent, or none is read. */
  readonly heartbeatSeconds: number | null;
  /** Who is slowest at it: `relay`, or the name of a group; null where nobody works at it yet. */
  readonly slowest: string | null;
}

export interface StagesReport {
  readonly storePosition: number;
  /** How long the window of these figures is; it grows to a minute after a start. */
  readonly windowSeconds: number;
  /** The stage where the oldest event waits; null where none waits for more than a second. */
  readonly slowest: StageName | null;
  readonly items: ReadonlyArray<StageReport>;
  readonly groups: ReadonlyArray<GroupReport>;
}

/** Heartbeats are sent every five seconds: with one so young acknowledged they flow, and a group that has none so young is cut off. */
const BEATING_SECONDS = 10;
const LATE_SECONDS = 20;

const agesOver = (ages: ReadonlyArray<number>) => ({
  ageP50Seconds: quantileOf(ages, 0.5),
  ageP99Seconds: quantileOf(ages, 0.99),
});

/** What waits for less is on its way. */
const NOTICEABLE_SECONDS = 1;

/** Reports over samples, oldest first; undefined where there is none. */
export const reportStages = (samples: ReadonlyArray<FlowSample>): StagesReport | undefined => {
  const last = samples.at(-1);
  const [first] = samples;
  if (last === undefined || first === undefined) return undefined;
  const isBeating = (last.relay?.heartbeat?.acknowledgedSeconds ?? Infinity) <= BEATING_SECONDS;
  const groups = last.groups.map((group) => groupReport(samples, group, isBeating));
  const items = stageNames.map((stage) =>
    stage === 'relayed' || stage === 'acknowledged'
      ? relayStage(samples, last, stage)
      : groupStage(
          samples,
          stage,
          groups.filter((group) => group.stage === stage),
        ),
  );
  const oldest = Math.max(...items.map(({ ageSeconds }) => ageSeconds));
  const slowest = items.find(({ ageSeconds }) => ageSeconds === oldest && ageSeconds > NOTICEABLE_SECONDS);
  return {
    storePosition: last.storePosition,
    windowSeconds: Math.round((last.atMs - first.atMs) / 1_000),
    slowest: slowest?.stage ?? null,
    items,
    groups,
  };
};

const isStopped = (state: StageState): boolean => state === 'halted' || state === 'stopped' || state === 'silent';

/** One look of something that goes from `done` to `done + behind`. */
interface Count {
  readonly atMs: number;
  readonly done: number;
  readonly behind: number;
}

const paceOf = (counts: ReadonlyArray<Count>, ageSeconds: number, state: StageState): Pace => {
  const last = counts.at(-1) ?? { atMs: 0, done: 0, behind: 0 };
  const [first = last] = counts;
  const seconds = (last.atMs - first.atMs) / 1_000;
  const { behind } = last;
  if (seconds <= 0) {
    return { behind, ageSeconds, ratePerSecond: 0, drain: behind === 0 ? 'now' : 'measuring', etaSeconds: null };
  }
  const rate = Math.max(0, (last.done - first.done) / seconds);
  // What has stopped drains nothing, however fast it was a minute ago.
  const net = isStopped(state) ? 0 : (first.behind - last.behind) / seconds;
  const drain = behind === 0 ? 'now' : net > 0 ? 'draining' : 'not-draining';
  const etaSeconds = drain === 'now' ? 0 : drain === 'draining' ? Math.ceil(behind / net) : null;
  return { behind, ageSeconds, ratePerSecond: Math.round(rate * 10) / 10, drain, etaSeconds };
};

const relayStage = (
  samples: ReadonlyArray<FlowSample>,
  last: FlowSample,
  stage: 'relayed' | 'acknowledged',
): StageReport => {
  const { relay } = last;
  const doneOf = (sample: FlowSample): number =>
    (stage === 'relayed' ? sample.relay?.sentPosition : sample.relay?.cursor) ?? 0;
  const counts = samples.map((sample) => ({
    atMs: sample.atMs,
    done: doneOf(sample),
    behind: Math.max(0, sample.storePosition - doneOf(sample)),
  }));
  const state = relay?.state ?? 'starting';
  const ageSeconds = (stage === 'relayed' ? relay?.unsentSeconds : relay?.lagSeconds) ?? 0;
  const looks = counts.map(({ atMs, done, behind }): PartitionLook => {
    return { atMs, nextOffset: done, lag: behind, ageSeconds, isStopped: isStopped(state) };
  });
  return {
    stage,
    state,
    verdict: verdictOf(looks),
    ...agesOver(samples.map(({ relay: then }) => (stage === 'relayed' ? then?.unsentSeconds : then?.lagSeconds) ?? 0)),
    heartbeatSeconds:
      (stage === 'relayed' ? relay?.heartbeat?.sentSeconds : relay?.heartbeat?.acknowledgedSeconds) ?? null,
    slowest: relay === undefined ? null : 'relay',
    ...paceOf(counts, ageSeconds, state),
  };
};

const groupStage = (
  samples: ReadonlyArray<FlowSample>,
  stage: StageName,
  groups: ReadonlyArray<GroupReport>,
): StageReport => {
  const ages = agesOver(
    samples.map((sample) =>
      Math.max(
        0,
        ...sample.groups
          .filter((group) => group.stage === stage)
          .flatMap(({ partitions }) => partitions.map(({ ageSeconds }) => ageSeconds)),
      ),
    ),
  );
  const beats = groups.flatMap(({ heartbeatSeconds }) => (heartbeatSeconds === null ? [] : [heartbeatSeconds]));
  const heartbeatSeconds = beats.length === 0 ? null : Math.max(...beats);
  const [slowest] = [...groups].sort((left, right) => right.ageSeconds - left.ageSeconds || right.behind - left.behind);
  if (slowest === undefined) {
    const pace = paceOf([], 0, 'starting');
    return { stage, state: 'starting', verdict: 'ok', slowest: null, heartbeatSeconds, ...ages, ...pace };
  }
  const { state, behind, ageSeconds, ratePerSecond, drain, etaSeconds } = slowest;
  const verdict = worstOf(groups.map((group) => group.verdict));
  const pace = { behind, ageSeconds, ratePerSecond, drain, etaSeconds };
  return { stage, state, verdict, slowest: slowest.group, heartbeatSeconds, ...ages, ...pace };
};

const groupReport = (samples: ReadonlyArray<FlowSample>, last: GroupSample, isBeating: boolean): GroupReport => {
  const { group, stage, state, reason } = last;
  const history = samples.flatMap(({ atMs, groups }) => {
    const found = groups.find((each) => each.group === group);
    return found === undefined ? [] : [{ atMs, ...found }];
  });
  const partitions = last.partitions.map((now) => {
    const { topic, partition, nextOffset, lag, isEstimate, ageSeconds } = now;
    const looks = history.flatMap(({ atMs, state: stateThen, partitions: all }): ReadonlyArray<PartitionLook> => {
      const at = all.find((each) => isSamePartition(each, now));
      if (at === undefined) return [];
      const isHalted = at.state === 'halted';
      return [{ ...at, atMs, isStopped: isStopped(stateThen) || isHalted }];
    });
    return { topic, partition, nextOffset, lag, isEstimate, ageSeconds, verdict: verdictOf(looks) };
  });
  const counts = history.map(({ atMs, partitions: all }) => ({
    atMs,
    done: all.reduce((sum, { nextOffset }) => sum + nextOffset, 0),
    behind: all.reduce((sum, { lag }) => sum + lag, 0),
  }));
  const isIdle = isStopped(state) && partitions.length === 0;
  const { heartbeatSeconds = null } = last;
  // Nothing waits in it and the heartbeats do not come: it is not idle, it is cut off.
  const isDeaf = state === 'running' && isBeating && (heartbeatSeconds ?? 0) > LATE_SECONDS;
  return {
    group,
    stage,
    state,
    reason,
    verdict: isIdle ? 'stopped' : worstOf([...partitions.map(({ verdict }) => verdict), isDeaf ? 'stalled' : 'ok']),
    heartbeatSeconds,
    isEstimate: partitions.some(({ isEstimate }) => isEstimate),
    partitions,
    ...paceOf(counts, Math.max(0, ...partitions.map(({ ageSeconds }) => ageSeconds)), state),
  };
};
