/** Projections: what is served, and rebuilding it. */
import type { GroupReport, StagesReport } from '../../../infra/flow/stage-report';
import type { ProjectionStatus, RebuildStatus } from '../../../projections/view-reader';
import { Action } from './actions';
import { path, post } from './api';
import { count, counted, duration } from './format';
import { useTopic } from './live';
import { Badge, Empty, Facts, Page, Section, Table, Time } from './parts';
import { RebuildProgress } from './rebuild';
import { navigate, to } from './router';

const useProjections = () => {
  const projections = useTopic<ReadonlyArray<ProjectionStatus>>('projections');
  const groups = useTopic<StagesReport>('stages')?.groups ?? [];
  return { projections, groupOf: (name: string) => groups.find(({ group }) => group === name) };
};

/** All projections. */
export const ProjectionsPage = () => {
  const { projections, groupOf } = useProjections();
  return (
    <Page title="Projections" lead="Each view is made from events, and can be made again from the first one.">
      {projections === undefined ? (
        <Empty>Reading …</Empty>
      ) : (
        <Table
          caption="Projections"
          head={['Projection', 'Verdict', 'Behind', 'Rows', 'Version', 'Generation', 'Last rebuild']}
        >
          {projections.map((each) => (
            <tr key={each.name}>
              <th scope="row">
                <a href={to('projections', each.name)}>{each.name}</a>
              </th>
              <td>
                <Badge word={groupOf(each.name)?.verdict ?? 'ok'} />
              </td>
              <td class="n">{count(groupOf(each.name)?.behind)}</td>
              <td class="n">{count(each.rows)}</td>
              <td class="n">{each.version}</td>
              <td class="n">{each.generation}</td>
              <td>{each.rebuild === null ? '–' : <RebuildLink rebuild={each.rebuild} />}</td>
            </tr>
          ))}
        </Table>
      )}
    </Page>
  );
};

const RebuildLink = ({ rebuild }: { readonly rebuild: RebuildStatus }) => (
  <a href={to('rebuilds', rebuild.id)}>
    {rebuild.kind} {rebuild.id}: {rebuild.state}
  </a>
);

/** One projection. */
export const ProjectionPage = ({ name }: { readonly name: string }) => {
  const { projections, groupOf } = useProjections();
  const projection = projections?.find((each) => each.name === name);
  if (projection === undefined)
    return (
      <Page title={name}>
        <Empty>{projections === undefined ? 'Reading …' : 'There is no projection of this name.'}</Empty>
      </Page>
    );
  const group = groupOf(name);
  return (
    <Page title={name} lead={group?.reason ?? undefined} actions={<Actions projection={projection} />}>
      <Facts
        of={[
          ['Verdict', <Badge word={group?.verdict ?? 'ok'} />],
          ['Behind', behindOf(group)],
          ['Rows', <a href={to('views', name)}>{count(projection.rows)}</a>],
          ['Version of its logic', projection.version],
          ['Generation served', projection.generation],
          ['Previous generation', projection.former === null ? 'none is kept' : <Former projection={projection} />],
          ['Offsets and partitions', <a href={to('groups', name)}>its group</a>],
        ]}
      />
      {projection.rebuild === null ? null : (
        <Section title="Last rebuild">
          <RebuildProgress rebuild={projection.rebuild} />
          <p>
            <RebuildLink rebuild={projection.rebuild} />
          </p>
        </Section>
      )}
      {projection.copies.length === 0 ? null : <Copies projection={projection} />}
    </Page>
  );
};

const behindOf = (group: GroupReport | undefined): string =>
  group === undefined ? '–' : `${counted(group.behind, 'event')}, the oldest ${duration(group.ageSeconds)} old`;

const Former = ({ projection: { former } }: { readonly projection: ProjectionStatus }) => (
  <>{former === null ? '' : `${former.generation} (made by version ${former.version})`}</>
);

const Actions = ({ projection: { name, rows, generation, former } }: { readonly projection: ProjectionStatus }) => {
  const start = async (url: string, body: unknown): Promise<string> => {
    const { id } = await post<RebuildStatus>(url, body);
    navigate(to('rebuilds', id));
    return `Rebuild ${id} of ${name} is requested.`;
  };
  return (
    <>
      <Action
        label="Rebuild"
        title={`Rebuild ${name} from its first event?`}
        effect={
          <p>
            A new generation is made beside the {counted(rows, 'row')} that are served; reads go on. It is swapped in
            only if the proof holds. If rows differ, it waits for your decision, and shows you which and why.
          </p>
        }
        fields={[{ name: 'from', label: 'Read the events from', options: ['kafka', 'store'] }]}
        run={({ from }) => start(path('ops', 'projections', name, 'rebuild'), { from })}
      />
      <Action
        label="Rebuild a row"
        title={`Make one row of ${name} again?`}
        effect={<p>Only this row is computed again from its events, and replaced.</p>}
        fields={[{ name: 'key', label: 'Key of the row, as under /views' }]}
        run={({ key }) => start(path('ops', 'projections', name, 'rebuild'), { key })}
      />
      {former === null ? null : (
        <>
          <Action
            label="Roll back"
            title={`Serve generation ${former.generation} of ${name} again?`}
            isDestructive
            effect={
              <p>
                Generation {former.generation}, made by version {former.version}, is caught up and served in place of
                generation {generation}.
              </p>
            }
            run={() => start(path('ops', 'projections', name, 'rollback'), undefined)}
          />
          <Action
            label="Drop the previous generation"
            title={`Drop generation ${former.generation} of ${name}?`}
            isDestructive
            effect={<p>Its rows are deleted; a roll back is then impossible. What is served stays.</p>}
            run={async () => {
              await post(path('ops', 'projections', name, 'drop-former'));
              return `Generation ${former.generation} will be dropped.`;
            }}
          />
        </>
      )}
    </>
  );
};

const Copies = ({ projection: { name, copies } }: { readonly projection: ProjectionStatus }) => (
  <Section title="Copies of points in time">
    <Table caption="Copies" head={['Copy', 'As of', 'Made', '']}>
      {copies.map(({ name: copy, until, madeAt }) => (
        <tr key={copy}>
          <th scope="row">
            <a href={to('views', `${name}@${copy}`)}>{copy}</a>
          </th>
          <td>{until}</td>
          <td>
            <Time at={madeAt} />
          </td>
          <td>
            <Action
              label="Drop"
              title={`Drop the copy ${copy}?`}
              isDestructive
              effect={<p>Its rows are deleted. What is served stays.</p>}
              run={async () => {
                await post(path('ops', 'projections', name, 'drop-copy'), { copy });
                return `${copy} will be dropped.`;
              }}
            />
          </td>
        </tr>
      ))}
    </Table>
  </Section>
);
