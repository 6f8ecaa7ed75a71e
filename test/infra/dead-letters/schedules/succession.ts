/** Who runs the group, who only believes that it does, and how one comes after the other. */
import type { RecordedEvent, StoredEvent } from '../../../../domain/kernel/recorded-event';
import type { OperationRequest } from '../../../../infra/commands/operation-requests';
import type { Release } from './acts';
import { startInstance, type GroupInstance } from './group-instance';
import type { Lane } from './lane';
import type { LifeClock } from './life-clock';
import { GROUP, noteBook } from './note-book';
import { startViewsProcess, type ViewsProcess } from './views-process';

const LEASE_TTL_MS = 60_000;

export interface SuccessionOptions {
  readonly lane: Lane;
  readonly file: string;
  readonly stored: ReadonlyArray<StoredEvent>;
  readonly requests: ReadonlyArray<OperationRequest>;
  readonly clock: LifeClock;
  readonly isAway: (event: RecordedEvent) => boolean;
  /** Is told what has happened to those that come and go. */
  readonly onSeen: (what: string) => void;
}

export interface Succession {
  /** The group's checkpoints are at the end of the lane. */
  readonly begin: () => Promise<void>;
  readonly owner: () => GroupInstance;
  /** Another one that believes that it runs the group. */
  readonly zombie: () => GroupInstance | undefined;
  readonly takeOver: (by: 'a process' | 'a loop', release: Release) => Promise<void>;
  readonly restart: (how: 'in order' | 'killed', release: Release) => Promise<void>;
  /** Whoever has ended is succeeded. */
  readonly bury: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Nobody runs it yet. */
export const succession = (options: SuccessionOptions): Succession => {
  const { lane, clock, onSeen, isAway } = options;
  let owner: GroupInstance | undefined;
  let zombie: GroupInstance | undefined;

  const running = (): GroupInstance => {
    if (owner === undefined) throw new Error('nobody runs the group');
    return owner;
  };
  const startProcess = async (release: Release): Promise<ViewsProcess> => {
    // Whoever held the lease has not been heard of for so long.
    clock.leap(LEASE_TTL_MS);
    const catalog = lane.releases[release];
    const projection = noteBook(catalog, release === 'new', isAway);
    return startViewsProcess({ ...options, catalog, projection, leaseTtlMs: LEASE_TTL_MS });
  };
  const start = async (release: Release): Promise<GroupInstance> =>
    startInstance(lane, await startProcess(release), clock);

  /** Nothing more comes from it: it is killed, unless the process is the other one's too. */
  const giveUp = async (instance: GroupInstance | undefined): Promise<void> => {
    if (instance === undefined) return;
    const { process } = instance;
    const isShared = [owner, zombie].some((each) => each !== instance && each?.process === process);
    if (isShared && process.isAlive()) await instance.stop();
    else if (process.isAlive()) process.crash();
    await instance.abandon();
  };
  const forgetZombie = async (): Promise<void> => {
    await giveUp(zombie);
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
      const { topic, logId } = lane;
      const checkpoints = lane
        .ends()
        .map((nextOffset, partition) => ({ topic, partition, logId, nextOffset, highWaterPosition: 0 }));
      await process.client.begin({ consumer: GROUP, checkpoints });
      owner = await startInstance(lane, process, clock);
    },
    owner: running,
    zombie: () => zombie,
    takeOver: async (by, release) => {
      const before = running();
      await forgetZombie();
      zombie = before;
      owner = by === 'a process' ? await start(release) : await startInstance(lane, before.process, clock);
    },
    restart: async (how, release) => {
      const { process, stop } = running();
      if (zombie?.process === process) await forgetZombie();
      if (how === 'in order') {
        await stop();
        await process.close();
      } else await giveUp(owner);
      owner = await start(release);
    },
    bury: async () => {
      for (const instance of [owner, zombie]) if (instance !== undefined) note(instance);
      if (zombie?.ending() !== undefined) await forgetZombie();
      if (running().ending() === undefined) return;
      await giveUp(owner);
      owner = await start('old');
    },
    end: async () => {
      await forgetZombie();
      await giveUp(owner);
    },
  };
};
