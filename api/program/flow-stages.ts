/** Reads the reported states of the stages from the files of their roles. */
import { errorTextOf } from '../../infra/error-text';
import type { GroupStatus } from '../../infra/consumption/status/status';
import type { RelayStatus } from '../../infra/relay/state/state';
import type { ViewReader } from '../../projections/view-reader';
import type { ReadinessReason } from '../http/dependencies';
import type { StageReport } from './readiness';
import type { Role } from './roles';

export interface FlowStagesOptions {
  /** The roles that this process runs. */
  readonly roles: ReadonlySet<Role>;
  readonly views: Pick<ViewReader, 'groups' | 'projections'>;
  readonly relayStatus: () => Promise<RelayStatus | undefined>;
  readonly reactorGroups: () => ReadonlyArray<GroupStatus>;
  readonly projections: ReadonlyArray<string>;
  readonly processes: ReadonlyArray<string>;
}

export interface FlowStages {
  readonly stages: ReadonlyArray<StageReport>;
  /** Files that can't be read at present. */
  readonly unreadable: ReadonlyArray<ReadinessReason>;
}

/** Reads the files; groups that the program no longer has are ignored. */
export const flowStages = async (options: FlowStagesOptions): Promise<FlowStages> => {
  const { roles, views } = options;
  const unreadable: ReadinessReason[] = [];
  const read = async <Result>(
    stage: string,
    otherwise: Result,
    look: () => Result | Promise<Result>,
  ): Promise<Result> => {
    try {
      return await look();
    } catch (error) {
      unreadable.push({ stage, state: 'unreadable', reason: errorTextOf(error) });
      return otherwise;
    }
  };
  const relay = await read('relay', undefined, options.relayStatus);
  const groups = await read<ReadonlyArray<GroupStatus>>('projections', [], views.groups);
  const rebuilding = new Set(
    await read<ReadonlyArray<string>>('projections', [], () =>
      views
        .projections()
        .filter(({ rebuild }) => isActive(rebuild?.state))
        .map(({ name }) => name),
    ),
  );
  const reactors = await read<ReadonlyArray<GroupStatus>>('reactors', [], options.reactorGroups);
  const groupStages = (role: Role, names: ReadonlyArray<string>, found: ReadonlyArray<GroupStatus>): StageReport[] =>
    names.map((stage) => ({
      stage,
      isOwn: roles.has(role),
      status: found.find(({ group }) => group === stage),
      isRebuilding: role === 'projections' && rebuilding.has(stage),
    }));
  return {
    unreadable,
    stages: [
      { stage: 'relay', isOwn: roles.has('relay'), status: relay },
      ...groupStages('projections', options.projections, groups),
      ...groupStages('reactors', options.processes, reactors),
    ],
  };
};

const isActive = (state: string | undefined): boolean =>
  state === 'requested' || state === 'running' || state === 'waiting';
