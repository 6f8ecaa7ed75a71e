/** `tidemark lag`: how far each stage of the flow has come, how fast it goes, and when it is through. */
import type { Configuration } from '../../infra/configuration';
import type { RelayStatus } from '../../infra/relay/state/state';
import type { Drain, Pace, StagesReport } from '../../infra/flow/stage-report';
import type { GroupStatus } from '../../projections/view-reader';
import { request } from './server-client';

/** Prints one line, or one JSON object, per stage. */
export const lag = async (
  configuration: Configuration,
  options: { readonly json: boolean },
  print: (line: string) => void,
): Promise<void> => {
  const relay = (await request(configuration, 'GET', '/ops/relay')) as RelayStatus;
  const groups = (await request(configuration, 'GET', '/ops/groups')) as { readonly items: ReadonlyArray<GroupStatus> };
  const stages = (await request(configuration, 'GET', '/ops/stages')) as StagesReport;
  const acknowledged = stages.items.find(({ stage }) => stage === 'acknowledged');
  const reportOf = (name: string) => stages.groups.find(({ group }) => group === name);
  if (options.json) {
    print(JSON.stringify({ stage: 'relay', ...relay, ...paceFields(acknowledged) }));
    for (const group of groups.items)
      print(JSON.stringify({ stage: 'group', ...group, ...paceFields(reportOf(group.group)) }));
    return;
  }
  print(lineOf(['stage', 'state', 'behind', 'rate', 'through in', '']));
  const row = (stage: string, state: string, pace: Pace | undefined, reason: string | null): void =>
    print(lineOf([stage, state, ...paceTexts(pace), reason ?? '']));
  row('relay', acknowledged?.state ?? relay.state, acknowledged, relay.reason);
  for (const { group, state, reason } of groups.items) {
    const report = reportOf(group);
    row(group, report?.state ?? state, report, reason);
  }
  if (stages.slowest !== null) print(`slowest: ${stages.slowest}`);
};

const lineOf = ([
  stage = '',
  state = '',
  behind = '',
  rate = '',
  eta = '',
  reason = '',
]: ReadonlyArray<string>): string =>
  [stage.padEnd(28), state.padEnd(18), behind.padStart(10), rate.padStart(10), eta.padStart(13), reason]
    .join('  ')
    .trimEnd();

const paceFields = (pace: Pace | undefined): Partial<Pace> => {
  if (pace === undefined) return {};
  const { behind, ageSeconds, ratePerSecond, drain, etaSeconds } = pace;
  return { behind, ageSeconds, ratePerSecond, drain, etaSeconds };
};

const DRAIN_TEXTS: Readonly<Record<Drain, string>> = {
  now: 'now',
  draining: '',
  'not-draining': 'not draining',
  measuring: 'measuring',
};

/** A group of a program that is not this one's has no pace. */
const paceTexts = (pace: Pace | undefined): ReadonlyArray<string> => {
  if (pace === undefined) return ['not ours', '', ''];
  const { behind, ratePerSecond, drain, etaSeconds } = pace;
  return [String(behind), `${ratePerSecond}/s`, etaSeconds === null ? DRAIN_TEXTS[drain] : etaText(etaSeconds)];
};

const etaText = (seconds: number): string => {
  if (seconds === 0) return DRAIN_TEXTS.now;
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
};
