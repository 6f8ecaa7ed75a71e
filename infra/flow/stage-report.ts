/** What operators see of the flow: age, distance, rate and time to drain of each stage, and the slowest one named. Pure. */
import type { FlowSample, GroupSample, PartitionSample, StageState } from './flow-sample';
import { isSamePartition } from '../topic-partition';
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
  readonly partitions: ReadonlyArray<PartitionReport>;
}

export interface StageReport extends Pace {
  readonly stage: StageName;
  readonly state: StageState;
  readonly verdict: Verdict;
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

/** What waits for less is on its way. */
const NOTICEABLE_SECONDS = 1;

/** Reports over samples, oldest first; undefined where there is none. */
export const reportStages = (samples: ReadonlyArray<FlowSample>): StagesReport | undefined => {
  const last = samples.at(-1);
  const [first] = samples;
  if (last === undefined || first === undefined) return undefined;
  const groups = last.groups.map((group) => groupReport(samples, group));
  const items = stageNames.map((stage) =>
    stage === 'relayed' || stage === 'acknowledged'
      ? relayStage(samples, last, stage)
      : groupStage(
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
    slowest: relay === undefined ? null : 'relay',
    ...paceOf(counts, ageSeconds, state),
  };
};

const groupStage = (stage: StageName, groups: ReadonlyArray<GroupReport>): StageReport => {
  const [slowest] = [...groups].sort((left, right) => right.ageSeconds - left.ageSeconds || right.behind - left.behind);
  if (slowest === undefined) {
    return { stage, state: 'starting', verdict: 'ok', slowest: null, ...paceOf([], 0, 'starting') };
  }
  const { state, behind, ageSeconds, ratePerSecond, drain, etaSeconds } = slowest;
  const verdict = worstOf(groups.map((group) => group.verdict));
  return { stage, state, verdict, slowest: slowest.group, behind, ageSeconds, ratePerSecond, drain, etaSeconds };
};

const groupReport = (samples: ReadonlyArray<FlowSample>, last: GroupSample): GroupReport => {
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
  return {
    group,
    stage,
    state,
    reason,
    verdict: isIdle ? 'stopped' : worstOf(partitions.map(({ verdict }) => verdict)),
    isEstimate: partitions.some(({ isEstimate }) => isEstimate),
    partitions,
    ...paceOf(counts, Math.max(0, ...partitions.map(({ ageSeconds }) => ageSeconds)), state),
  };
};

/** Records over which the skew of the last minute means something. */
const MIN_SKEW_RECORDS = 100;

/** The busiest partition of each topic against the mean, from the ends of the log that groups have seen; 1 is even. */
export const skewByTopic = (samples: ReadonlyArray<FlowSample>): ReadonlyMap<string, number> => {
  const now = logEnds(samples.at(-1));
  const then = logEnds(samples[0]);
  const skews = new Map<string, number>();
  for (const [topic, ends] of now) {
    const before = then.get(topic);
    const added = new Map([...ends].map(([partition, end]) => [partition, end - (before?.get(partition) ?? end)]));
    skews.set(topic, sumOf(added) >= MIN_SKEW_RECORDS ? maxToMean(added) : maxToMean(ends));
  }
  return skews;
};

const sumOf = (counts: ReadonlyMap<number, number>): number =>
  [...counts.values()].reduce((sum, each) => sum + each, 0);

const maxToMean = (counts: ReadonlyMap<number, number>): number => {
  const sum = sumOf(counts);
  return sum < MIN_SKEW_RECORDS ? 1 : (Math.max(...counts.values()) * counts.size) / sum;
};

const logEnds = (sample: FlowSample | undefined): ReadonlyMap<string, ReadonlyMap<number, number>> => {
  const ends = new Map<string, Map<number, number>>();
  for (const { topic, partition, logEndOffset } of (sample?.groups ?? []).flatMap(({ partitions }) => partitions)) {
    if (logEndOffset === null) continue;
    const own = ends.get(topic) ?? new Map<number, number>();
    own.set(partition, Math.max(own.get(partition) ?? 0, logEndOffset));
    ends.set(topic, own);
  }
  return ends;
};
