/** Consumer groups: their partitions, their skew, and what became of events. */
import type { GroupStatus } from '../../../infra/consumption/status/status';
import type { GroupReport, PartitionReport, StagesReport } from '../../../infra/flow/stage-report';
import { openByGroup, type DeadLetterTopic } from './dead-letter-counts';
import { count, duration, rate } from './format';
import { useTopic } from './live';
import { Ago, Badge, Empty, Facts, Page, Section, Table } from './parts';
import { to } from './router';

type Group = GroupStatus;

/** All groups. */
export const GroupsPage = () => {
  const groups = useTopic<ReadonlyArray<Group>>('groups');
  const stages = useTopic<StagesReport>('stages');
  return (
    <Page title="Groups" lead="Each projection and each process manager reads Kafka as a consumer group of its own.">
      {groups === undefined ? (
        <Empty>Reading …</Empty>
      ) : (
        <Table caption="Groups" head={['Group', 'Verdict', 'State', 'Behind', 'Oldest', 'Rate', 'Skew', 'Reason']}>
          {groups.map((each) => {
            const report = stages?.groups.find(({ group }) => group === each.group);
            return (
              <tr key={each.group}>
                <th scope="row">
                  <a href={to('groups', each.group)}>{each.group}</a>
                </th>
                <td>
                  <Badge word={report?.verdict ?? 'ok'} />
                </td>
                <td>{report?.state ?? each.state}</td>
                <td class="n">{count(report?.behind ?? each.lag)}</td>
                <td class="n">{duration(report?.ageSeconds)}</td>
                <td class="n">{rate(report?.ratePerSecond ?? null)}</td>
                <td class="n">{skewText(each)}</td>
                <td class="long">{report?.reason ?? each.reason ?? '–'}</td>
              </tr>
            );
          })}
        </Table>
      )}
    </Page>
  );
};

/** The busiest partition against the mean, over the worst topic; 1 is even. */
const skewOf = ({ partitions }: Group): number => {
  const topics = new Set(partitions.map(({ topic }) => topic));
  return Math.max(
    1,
    ...[...topics].map((topic) => {
      const ends = partitions.filter((each) => each.topic === topic).map(({ logEndOffset }) => logEndOffset ?? 0);
      const sum = ends.reduce((total, each) => total + each, 0);
      return sum === 0 ? 1 : (Math.max(...ends) * ends.length) / sum;
    }),
  );
};

const skewText = (group: Group): string => `${skewOf(group).toFixed(1)} ×`;

/** One group. */
export const GroupPage = ({ name }: { readonly name: string }) => {
  const group = useTopic<ReadonlyArray<Group>>('groups')?.find((each) => each.group === name);
  const report = useTopic<StagesReport>('stages')?.groups.find((each) => each.group === name);
  const open = openByGroup(useTopic<DeadLetterTopic>('deadLetters')).get(name) ?? 0;
  if (group === undefined)
    return (
      <Page title={name}>
        <Empty>No group of this name has reported yet.</Empty>
      </Page>
    );
  return (
    <Page
      title={name}
      lead={report?.reason ?? group.reason ?? undefined}
      actions={
        <>
          {report?.stage === 'projected' ? (
            <a class="button" href={to('projections', name)}>
              Its projection
            </a>
          ) : null}
          <a class="button" href={to('offsets', name)}>
            Move offsets
          </a>
        </>
      }
    >
      <GroupFacts group={group} report={report} open={open} />
      <Partitions group={group} report={report} />
      <HottestKeys topics={group.hottestKeys ?? []} />
      <Section title="What became of events since the process started">
        <Facts of={Object.entries(group.outcomes).map(([name, value]) => [wordsOf(name), count(value)])} />
      </Section>
    </Page>
  );
};

const GroupFacts = ({
  group,
  report,
  open,
}: {
  readonly group: Group;
  readonly report: GroupReport | undefined;
  readonly open: number;
}) => (
  <Facts
    of={[
      ['Verdict', <Badge word={report?.verdict ?? 'ok'} />],
      ['State', report?.state ?? group.state],
      ['Since', <Ago at={group.since} />],
      ['Behind', `${count(report?.behind ?? group.lag)} events`],
      ['Rate', rate(report?.ratePerSecond ?? null)],
      ['Through in', report?.drain === 'not-draining' ? 'not at this rate' : duration(report?.etaSeconds)],
      ['Open dead letters', open === 0 ? '0' : <a href={lettersOf(group.group)}>{count(open)}</a>],
      ['Skew', skewText(group)],
      ['A batch takes', group.processing === undefined ? '–' : duration(group.processing.p50Seconds)],
      ['Last sign of life', <Ago at={group.updatedAt} />],
    ]}
  />
);

const lettersOf = (group: string): string => `${to('dead-letters')}?group=${encodeURIComponent(group)}`;

/** `unknownContract` as words. */
const wordsOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const Partitions = ({ group, report }: { readonly group: Group; readonly report: GroupReport | undefined }) => {
  const most = Math.max(1, ...group.partitions.map(({ logEndOffset }) => logEndOffset ?? 0));
  const verdictOf = (topic: string, partition: number): PartitionReport | undefined =>
    report?.partitions.find((each) => each.topic === topic && each.partition === partition);
  return (
    <Section title="Partitions">
      <Table
        caption="Partitions of the group"
        head={['Partition', 'Verdict', 'Next offset', 'End', 'Behind', 'Oldest', 'Records', 'Reason']}
      >
        {group.partitions.map((each) => {
          const seen = verdictOf(each.topic, each.partition);
          return (
            <tr key={`${each.topic}/${each.partition}`}>
              <th scope="row">{`${each.topic}/${each.partition}`}</th>
              <td>
                <Badge word={seen?.verdict ?? each.state} />
              </td>
              <td class="n">{count(each.nextOffset)}</td>
              <td class="n">{count(each.logEndOffset)}</td>
              <td class="n">{count(seen?.lag ?? each.lag)}</td>
              <td class="n">{duration(seen?.ageSeconds)}</td>
              <td>
                <meter
                  min={0}
                  max={most}
                  value={each.logEndOffset ?? 0}
                  aria-label={`Records of ${each.topic}/${each.partition} beside the fullest partition`}
                />
              </td>
              <td class="long">{each.reason ?? '–'}</td>
            </tr>
          );
        })}
      </Table>
    </Section>
  );
};

const HottestKeys = ({ topics }: { readonly topics: NonNullable<Group['hottestKeys']> }) =>
  topics.length === 0 ? null : (
    <Section title="Hottest keys of the last minutes">
      <Table caption="Hottest keys" head={['Key', 'Topic', 'Records', 'Share']}>
        {topics.flatMap(({ topic, records: all, keys }) =>
          keys.map(({ key, records }) => (
            <tr key={`${topic} ${key}`}>
              <th scope="row">{key}</th>
              <td>{topic}</td>
              <td class="n">{count(records)}</td>
              <td class="n">{all === 0 ? '–' : `${Math.round((100 * records) / all)} %`}</td>
            </tr>
          )),
        )}
      </Table>
    </Section>
  );
