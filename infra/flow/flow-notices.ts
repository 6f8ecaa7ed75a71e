/** What an operator should know of the flow though every stage is at work: who does not keep up, and where the load is uneven. Pure. */
import type { FlowSample } from './flow-sample';
import { hottestKeyByTopic, recentSkewByTopic } from './skew';
import { reportStages } from './stage-report';

export interface FlowNotice {
  /** The group, or the topic. */
  readonly stage: string;
  readonly state: 'behind' | 'stalled' | 'skewed';
  readonly reason: string;
}

/** A partition that takes so many times its share is hot. */
const SKEWED_RATIO = 3;

const hottestIn = (samples: ReadonlyArray<FlowSample>, topic: string): string => {
  const found = hottestKeyByTopic(samples.at(-1)).get(topic);
  return found === undefined
    ? ''
    : `; the hottest key is ${found.key}, with ${Math.round(found.share * 100)} % of the records`;
};

/** Notices over samples, oldest first. */
export const flowNotices = (samples: ReadonlyArray<FlowSample>): ReadonlyArray<FlowNotice> => [
  ...(reportStages(samples)?.groups ?? []).flatMap(
    ({ group, state, verdict, behind, ageSeconds, heartbeatSeconds }): ReadonlyArray<FlowNotice> =>
      state === 'running' && (verdict === 'behind' || verdict === 'stalled')
        ? [
            {
              stage: group,
              state: verdict,
              reason:
                behind > 0 || heartbeatSeconds === null
                  ? `${behind} events wait, the oldest for ${Math.round(ageSeconds)} s`
                  : `no heartbeat has come for ${Math.round(heartbeatSeconds)} s, though Kafka takes them`,
            },
          ]
        : [],
  ),
  ...[...recentSkewByTopic(samples)].flatMap(([topic, ratio]): ReadonlyArray<FlowNotice> =>
    ratio > SKEWED_RATIO
      ? [
          {
            stage: topic,
            state: 'skewed',
            reason: `one partition takes ${ratio.toFixed(1)} times its share${hottestIn(samples, topic)}`,
          },
        ]
      : [],
  ),
];
