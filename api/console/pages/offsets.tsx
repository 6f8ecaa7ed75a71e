/** Moving a group's offsets, with a dry run first. */
import { useState } from 'preact/hooks';
import type { GroupStatus, PartitionStatus } from '../../../infra/consumption/status/status';
import type { RelayStatus } from '../../../infra/relay/state/state';
import type { OffsetRequestStatus, ProjectionStatus } from '../../../projections/view-reader';
import { Action } from './actions';
import { path, post } from './api';
import { count } from './format';
import { useTicks, useTopic } from './live';
import { Badge, Empty, Facts, Page, Section, Table, useFetched } from './parts';
import { to } from './router';

/** The choice of a group, or one group. */
export const OffsetsPage = ({ name }: { readonly name?: string }) => {
  const groups = useTopic<ReadonlyArray<GroupStatus>>('groups');
  const projections = useTopic<ReadonlyArray<ProjectionStatus>>('projections') ?? [];
  const group = groups?.find((each) => each.group === name);
  const lead =
    'Rows do not change by it: what was applied is never applied twice. To make rows again, rebuild the projection.';
  if (name === undefined)
    return (
      <Page title="Offsets" lead={lead}>
        <ul>
          {projections.map((each) => (
            <li key={each.name}>
              <a href={to('offsets', each.name)}>{each.name}</a>
            </li>
          ))}
        </ul>
        <p>Groups of process managers are moved while their role is stopped: tidemark offsets.</p>
      </Page>
    );
  return (
    <Page title={`Offsets of ${name}`} lead={lead}>
      {group === undefined ? <Empty>No group of this name has reported yet.</Empty> : <Moves group={group} />}
    </Page>
  );
};

const placeOf = ({ topic, partition }: PartitionStatus): string => `${topic}/${partition}`;

const Moves = ({ group }: { readonly group: GroupStatus }) => {
  const [wanted, setWanted] = useState<ReadonlyMap<string, number>>(new Map());
  const [requested, setRequested] = useState<number>();
  const relay = useTopic<RelayStatus>('relay');
  const logIdOf = (topic: string) => relay?.topics.find((each) => each.topic === topic)?.logId;
  const moves = group.partitions.flatMap((each) => {
    const toOffset = wanted.get(placeOf(each)) ?? each.nextOffset;
    return toOffset === each.nextOffset ? [] : [{ each, toOffset }];
  });
  const want = (place: string, value: string): void => {
    const next = new Map(wanted);
    if (/^\d+$/.test(value)) next.set(place, Number(value));
    else next.delete(place);
    setWanted(next);
  };
  return (
    <>
      {requested === undefined ? null : <Requested id={requested} />}
      <DryRun group={group} wanted={wanted} want={want} />
      {moves.length === 0 ? (
        <Empty>Nothing would be moved.</Empty>
      ) : (
        <Action
          label={`Move ${moves.length}`}
          title={`Move offsets of ${group.group}?`}
          isDestructive
          effect={
            <ul>
              {moves.map(({ each, toOffset }) => (
                <li key={placeOf(each)}>{`${placeOf(each)}: ${effectOf(each, toOffset)}`}</li>
              ))}
            </ul>
          }
          run={async () => {
            const body = moves.map(({ each, toOffset }) => ({
              topic: each.topic,
              partition: each.partition,
              logId: logIdOf(each.topic),
              fromOffset: each.nextOffset,
              toOffset,
            }));
            const { id } = await post<OffsetRequestStatus>(path('ops', 'groups', group.group, 'offsets'), {
              moves: body,
            });
            setRequested(id);
            setWanted(new Map());
            return 'The move is requested; if the group has moved meanwhile, nothing is moved.';
          }}
        />
      )}
    </>
  );
};

const DryRun = ({
  group,
  wanted,
  want,
}: {
  readonly group: GroupStatus;
  readonly wanted: ReadonlyMap<string, number>;
  readonly want: (place: string, value: string) => void;
}) => (
  <Section title="Where it should go on">
    <Table caption="Offsets of the group" head={['Partition', 'Next offset', 'End', 'Go on at', 'Dry run']}>
      {group.partitions.map((each) => (
        <tr key={placeOf(each)}>
          <th scope="row">{placeOf(each)}</th>
          <td class="n">{count(each.nextOffset)}</td>
          <td class="n">{count(each.logEndOffset)}</td>
          <td>
            <input
              type="number"
              min="0"
              placeholder={String(each.nextOffset)}
              aria-label={`Go on at, for ${placeOf(each)}`}
              onInput={(event) => want(placeOf(each), event.currentTarget.value)}
            />
          </td>
          <td class="long">{effectOf(each, wanted.get(placeOf(each)))}</td>
        </tr>
      ))}
    </Table>
  </Section>
);

const effectOf = ({ nextOffset, logEndOffset }: PartitionStatus, wanted: number | undefined): string => {
  if (wanted === undefined || wanted === nextOffset) return '–';
  if (wanted > (logEndOffset ?? wanted)) return `there is nothing at ${count(wanted)}: it will be refused`;
  return wanted < nextOffset
    ? `${count(nextOffset - wanted)} records are read again; those that were applied change nothing`
    : `${count(wanted - nextOffset)} records are never read: their events are missing in the rows`;
};

const Requested = ({ id }: { readonly id: number }) => {
  const { value } = useFetched<OffsetRequestStatus>(path('ops', 'offset-moves', id), useTicks(1));
  return (
    <Facts
      of={[
        ['Move', id],
        ['State', <Badge word={value?.state ?? 'requested'} />],
        ['Reason', value?.reason ?? '–'],
      ]}
    />
  );
};
