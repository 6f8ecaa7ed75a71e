/** What is wrong, in one sentence, and where to go for the cure. */
import type { GroupReport, StagesReport } from '../../../infra/flow/stage-report';
import type { RelayStatus } from '../../../infra/relay/state/state';
import type { ProjectionStatus } from '../../../projections/view-reader';
import { counted, duration } from './format';
import { toneOf, type Tone } from './parts';
import { to } from './router';

/** One thing that an operator should look at. */
export interface Advice {
  readonly tone: Tone;
  readonly subject: string;
  readonly text: string;
  readonly links: ReadonlyArray<readonly [string, string]>;
}

interface Sources {
  readonly stages: StagesReport | undefined;
  readonly relay: RelayStatus | undefined;
  readonly projections: ReadonlyArray<ProjectionStatus> | undefined;
  readonly open: ReadonlyMap<string, number>;
}

/** What needs a look, the worst first. */
export const adviceOf = ({ stages, relay, projections = [], open }: Sources): ReadonlyArray<Advice> => {
  const rebuilding = projections.flatMap(({ name, rebuild }): ReadonlyArray<Advice> => {
    if (rebuild?.state !== 'waiting') return [];
    const text = `a rebuild waits: ${counted(rebuild.differences?.count ?? 0, 'row')} differ from those that are served`;
    return [{ tone: 'warn', subject: name, text, links: [['Look at the differences', to('rebuilds', rebuild.id)]] }];
  });
  const all = [
    ...relayAdvice(relay, stages),
    ...(stages?.groups ?? []).flatMap((group) => groupAdvice(group, open)),
    ...rebuilding,
  ];
  return [...all].sort((left, right) => order.indexOf(left.tone) - order.indexOf(right.tone));
};

const order: ReadonlyArray<Tone> = ['bad', 'warn', 'busy', 'quiet', 'good'];

const relayAdvice = (relay: RelayStatus | undefined, stages: StagesReport | undefined): ReadonlyArray<Advice> => {
  const stage = stages?.items.find((each) => each.stage === 'acknowledged');
  if (stage === undefined) return [];
  const { behind, ageSeconds, verdict } = stage;
  // A process that is gone cannot say so: then the stage knows better than the relay's last word.
  const state = toneOf(stage.state) === 'bad' ? stage.state : (relay?.state ?? stage.state);
  const reason = relay?.reason ?? null;
  const tone = worst(toneOf(verdict), worst(toneOf(state), reason === null ? 'good' : 'warn'));
  if (tone === 'good') return [];
  const waits = `${counted(behind, 'event')} wait for Kafka, the oldest for ${duration(ageSeconds)}`;
  const text = `${state}: ${reason ?? `${sentence(verdict)}: ${waits}`}`;
  return [{ tone, subject: 'relay', text, links: [['Look at the relay', to('relay')]] }];
};

const groupAdvice = (group: GroupReport, open: ReadonlyMap<string, number>): ReadonlyArray<Advice> => {
  const { group: name, verdict, reason, state } = group;
  const tone = worst(toneOf(verdict), reason === null ? 'good' : worst('warn', toneOf(state)));
  if (tone === 'good') return [];
  // The command for it is for terminals; here there is a link.
  const text = `${reason?.replace(/: tidemark [^;.]*$/, '') ?? sentence(verdict)}.`.replace('..', '.');
  return [{ tone, subject: name, text: `${text}${paceOf(group)}`, links: linksOf(group, open.get(name) ?? 0) }];
};

const paceOf = ({ behind, ageSeconds, drain, etaSeconds }: GroupReport): string => {
  if (behind === 0) return '';
  const end = drain === 'draining' ? `through in ${duration(etaSeconds)}` : 'at this rate it does not drain';
  return ` ${counted(behind, 'event')} behind, the oldest ${duration(ageSeconds)} old; ${end}.`;
};

const linksOf = ({ group, reason }: GroupReport, letters: number): ReadonlyArray<readonly [string, string]> => [
  ...(letters > 0
    ? [
        [
          `Look at ${counted(letters, 'dead letter')}`,
          `${to('dead-letters')}?group=${encodeURIComponent(group)}`,
        ] as const,
      ]
    : []),
  ...(reason?.includes('suspended') === true ? [['Look at the commands', to('commands')] as const] : []),
  [`Look at ${group}`, to('groups', group)],
];

const sentence = (verdict: string): string =>
  ({
    behind: 'it works, and falls behind',
    'catching-up': 'it is catching up',
    stalled: 'it has something to read and does not move',
    stopped: 'nobody works at it',
    rewound: 'its offset was set back',
  })[verdict] ?? verdict;

const worst = (left: Tone, right: Tone): Tone => (order.indexOf(left) < order.indexOf(right) ? left : right);
