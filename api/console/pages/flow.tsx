/** The first page: what flows, where it waits, why, and what to press. */
import type { GroupReport, StagesReport } from '../../../infra/flow/stage-report';
import type { RelayStatus } from '../../../infra/relay/state/state';
import type { ProjectionStatus } from '../../../projections/view-reader';
import { adviceOf, type Advice } from './advice';
import { FlowChart } from './flow-chart';
import { FlowPicture } from './flow-picture';
import { count, duration, rate } from './format';
import { useTopic, useUnreadable } from './live';
import { openByGroup, type DeadLetterTopic } from './dead-letter-counts';
import { Badge, Empty, Page, Section, Table } from './parts';
import { to } from './router';

/** The flow, live. */
export const FlowPage = () => {
  const stages = useTopic<StagesReport>('stages');
  const relay = useTopic<RelayStatus>('relay');
  const projections = useTopic<ReadonlyArray<ProjectionStatus>>('projections');
  const open = openByGroup(useTopic<DeadLetterTopic>('deadLetters'));
  const unreadable = useUnreadable('stages');
  const advice = adviceOf({ stages, relay, projections, open });
  return (
    <Page title="Flow" lead={<Lead stages={stages} advice={advice} />}>
      {unreadable === undefined ? null : <Empty>{unreadable}</Empty>}
      {advice.length === 0 ? null : (
        <ul class="advice" aria-label="What needs a look">
          {advice.map((each) => (
            <AdviceItem key={each.subject} advice={each} />
          ))}
        </ul>
      )}
      {stages === undefined ? (
        <Empty>Looking at the flow …</Empty>
      ) : (
        <>
          <FlowPicture stages={stages} />
          <Groups groups={stages.groups} open={open} />
          <FlowChart stages={stages} />
        </>
      )}
    </Page>
  );
};

const Lead = ({
  stages,
  advice: [worst],
}: {
  readonly stages: StagesReport | undefined;
  readonly advice: ReadonlyArray<Advice>;
}) => {
  if (stages === undefined) return null;
  const slowest = stages.items.find(({ stage }) => stage === stages.slowest);
  if (slowest !== undefined)
    return (
      <>
        Slowest: <strong>{slowest.slowest ?? slowest.stage}</strong> ({slowest.stage}); its oldest event waits for{' '}
        {duration(slowest.ageSeconds)}.
      </>
    );
  return worst === undefined ? <>All is well: nothing waits for more than a second.</> : <>Events flow.</>;
};

const AdviceItem = ({ advice: { tone, subject, text, links } }: { readonly advice: Advice }) => (
  <li class={tone}>
    <p>
      <strong>{subject}</strong> {text}
    </p>
    <p class="links">
      {links.map(([label, href]) => (
        <a key={href} class="button" href={href}>
          {label}
        </a>
      ))}
    </p>
  </li>
);

const Groups = ({
  groups,
  open,
}: {
  readonly groups: ReadonlyArray<GroupReport>;
  readonly open: ReadonlyMap<string, number>;
}) => (
  <Section title="Groups">
    <Table
      caption="Consumer groups with their verdict and pace"
      head={['Group', 'Verdict', 'State', 'Behind', 'Oldest', 'Rate', 'Through in', 'Dead letters']}
    >
      {groups.map((each) => (
        <tr key={each.group}>
          <th scope="row">
            <a href={to('groups', each.group)}>{each.group}</a>
          </th>
          <td>
            <Badge word={each.verdict} />
          </td>
          <td>{each.state}</td>
          <td class="n">{`${each.isEstimate ? '≈' : ''}${count(each.behind)}`}</td>
          <td class="n">{duration(each.ageSeconds)}</td>
          <td class="n">{rate(each.ratePerSecond)}</td>
          <td class="n">{each.drain === 'not-draining' ? 'not draining' : duration(each.etaSeconds)}</td>
          <td class="n">
            {(open.get(each.group) ?? 0) === 0 ? (
              '0'
            ) : (
              <a href={`${to('dead-letters')}?group=${encodeURIComponent(each.group)}`}>
                {count(open.get(each.group))}
              </a>
            )}
          </td>
        </tr>
      ))}
    </Table>
  </Section>
);
