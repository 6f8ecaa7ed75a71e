/** The instance that owns the group, a zombie that only believes that it does, and how one replaces the other. */
import type { RecordedEvent, StoredEvent } from '../../../../domain/kernel/recorded-event';
import type { OperationRequest } from '../../../../infra/commands/operation-requests';
import type { Release } from './schedule';
import { startInstance, type GroupInstance } from './group-instance';
import type { SharedTopic } from './shared-topic';
import type { LeapClock } from './leap-clock';
import { GROUP, notesProjection } from './notes-projection';
import { startViewsProcess, type ViewsProcess } from './views-process';

const LEASE_TTL_MS = 60_000;

export interface InstancesOptions {
  readonly sharedTopic: SharedTopic;
  readonly file: string;
  readonly stored: ReadonlyArray<StoredEvent>;
  readonly requests: ReadonlyArray<OperationRequest>;
  readonly clock: LeapClock;
  readonly isAway: (event: RecordedEvent) => boolean;
  /** Called with the outcomes, states and endings of the instances. */
  readonly onSeen: (what: string) => void;
}

export interface GroupInstances {
  /** Starts the first instance, with the group's checkpoints at the end of the shared topic. */
  readonly begin: () => Promise<void>;
  readonly owner: () => GroupInstance;
  /** Another instance that still believes that it owns the group. */
  readonly zombie: () => GroupInstance | undefined;
  readonly takeOver: (by: 'a process' | 'a loop', release: Release) => Promise<void>;
  readonly restart: (how: 'in order' | 'killed', release: Release) => Promise<void>;
  /** Replaces instances that have ended. */
  readonly replaceEnded: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Makes the instances; none is started yet. */
export const groupInstances = (options: InstancesOptions): GroupInstances => {
  const { sharedTopic, clock, onSeen, isAway } = options;
  let owner: GroupInstance | undefined;
  let zombie: GroupInstance | undefined;

  const running = (): GroupInstance => {
    if (owner === undefined) throw new Error('nobody runs the group');
    return owner;
  };
  const startProcess = async (release: Release): Promise<ViewsProcess> => {
    // Lets the lease of an earlier process expire.
    clock.leap(LEASE_TTL_MS);
    const catalog = sharedTopic.releases[release];
    const projection = notesProjection(catalog, release === 'new', isAway);
    return startViewsProcess({ ...options, catalog, projection, leaseTtlMs: LEASE_TTL_MS });
  };
  const start = async (release: Release): Promise<GroupInstance> =>
    startInstance(sharedTopic, await startProcess(release), clock);

  /** Ends an instance: its process is killed, unless the other instance shares it. */
  const killInstance = async (instance: GroupInstance | undefined): Promise<void> => {
    if (instance === undefined) return;
    const { process } = instance;
    const isShared = [owner, zombie].some((each) => each !== instance && each?.process === process);
    if (isShared && process.isAlive()) await instance.stop();
    else if (process.isAlive()) process.crash();
    await instance.abandon();
  };
  const forgetZombie = async (): Promise<void> => {
    await killInstance(zombie);
    zombie = undefined;
  };
  const note = ({ group, ending }: GroupInstance): void => {
    const { outcomes, state } = group.status();
    for (const [name, count] of Object.entries(outcomes)) if (count > 0) onSeen(name);
    onSeen(state);
    onSeen(ending() ?? 'alive');
  };

  return {
    begin: async () => {
      const process = await startProcess('old');
      const { topic, logId } = sharedTopic;
      const checkpoints = sharedTopic
        .ends()
        .map((nextOffset, partition) => ({ topic, partition, logId, nextOffset, highWaterPosition: 0 }));
      await process.client.begin({ consumer: GROUP, checkpoints });
      owner = await startInstance(sharedTopic, process, clock);
    },
    owner: running,
    zombie: () => zombie,
    takeOver: async (by, release) => {
      const before = running();
      await forgetZombie();
      zombie = before;
      owner = by === 'a process' ? await start(release) : await startInstance(sharedTopic, before.process, clock);
    },
    restart: async (how, release) => {
      const { process, stop } = running();
      if (zombie?.process === process) await forgetZombie();
      if (how === 'in order') {
        await stop();
        await process.close();
      } else await killInstance(owner);
      owner = await start(release);
    },
    replaceEnded: async () => {
      for (const instance of [owner, zombie]) if (instance !== undefined) note(instance);
      if (zombie?.ending() !== undefined) await forgetZombie();
      if (running().ending() === undefined) return;
      await killInstance(owner);
      owner = await start('old');
    },
    end: async () => {
      await forgetZombie();
      await killInstance(owner);
    },
  };
};
