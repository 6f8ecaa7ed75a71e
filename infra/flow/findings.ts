/** What is wrong with the flow, each thing once: the states of relay and groups that are not at work, and what is to be said of the others. Pure. */
import { flowNotices, type FlowNotice } from './flow-notices';
import type { FlowSample, StageState } from './flow-sample';
import { reportStages, type StagesReport } from './stage-report';

/** Something that an operator should look at. */
export interface Finding extends Omit<FlowNotice, 'state'> {
  readonly state: FlowNotice['state'] | StageState;
}

/** The report with what is wrong. */
export interface FlowReport extends StagesReport {
  readonly findings: ReadonlyArray<Finding>;
}

/** Reports over samples, oldest first; undefined where there is none. */
export const reportFlow = (samples: ReadonlyArray<FlowSample>): FlowReport | undefined => {
  const report = reportStages(samples);
  const last = samples.at(-1);
  if (report === undefined || last === undefined) return undefined;
  const named = [
    ...(last.relay === undefined ? [] : [{ ...last.relay, stage: 'relay' }]),
    ...last.groups.map((group) => ({ ...group, stage: group.group })),
  ];
  return { ...report, findings: [...named.flatMap(findingOf), ...flowNotices(samples)] };
};

interface Named {
  readonly stage: string;
  readonly state: StageState;
  readonly reason: string | null;
  readonly updatedAt: string;
}

/** One that works, or begins to, is named where it gives a reason: open dead letters, say. */
const findingOf = ({ stage, state, reason, updatedAt }: Named): ReadonlyArray<Finding> => {
  if (state === 'silent')
    return [{ stage, state, reason: `no report since ${updatedAt}: its process is gone, or hangs` }];
  if (state === 'stopped') return [{ stage, state, reason: reason ?? 'it was stopped, and was not started again' }];
  return reason === null ? [] : [{ stage, state, reason }];
};
