/** What an operator should know of the flow though every stage is at work: who does not keep up, and where the load is uneven. Pure. */
import type { FlowSample } from './flow-sample';
import { reportStages, skewByTopic } from './stage-report';

export interface FlowNotice {
  /** The group, or the topic. */
  readonly stage: string;
  readonly state: 'behind' | 'stalled' | 'skewed';
  readonly reason: string;
}

/** A partition that takes so many times its share is hot. */
const SKEWED_RATIO = 3;

/** Notices over samples, oldest first. */
export const flowNotices = (samples: ReadonlyArray<FlowSample>): ReadonlyArray<FlowNotice> => [
  ...(reportStages(samples)?.groups ?? []).flatMap(
    ({ group, state, verdict, behind, ageSeconds }): ReadonlyArray<FlowNotice> =>
      state === 'running' && (verdict === 'behind' || verdict === 'stalled')
        ? [
            {
              stage: group,
              state: verdict,
              reason: `${behind} events wait, the oldest for ${Math.round(ageSeconds)} s`,
            },
          ]
        : [],
  ),
  ...[...skewByTopic(samples)].flatMap(([topic, ratio]): ReadonlyArray<FlowNotice> =>
    ratio > SKEWED_RATIO
      ? [{ stage: topic, state: 'skewed', reason: `one partition takes ${ratio.toFixed(1)} times its share` }]
      : [],
  ),
];
