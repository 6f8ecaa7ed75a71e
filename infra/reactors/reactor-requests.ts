/** Operators' requests to the reactors: dead letters, redrives, and commands that were set aside. */
import { NOTHING_TO_DO, processOperatorRequests } from '../dead-letters/redrive/redrive';
import { whenNotBusy } from '../sqlite/leased-database';
import type { ReactorParts, RunningProcess } from './reactor-parts';
import type { ReleasedInstance } from './processes/processes';

/** Carries out what operators ask of the process managers, beside their groups. */
export const attendToFailures = (parts: ReactorParts, processes: ReadonlyArray<RunningProcess>): Promise<void> => {
  const { file, failures, reader, log, clock, logger, stopping } = parts;
  const underLease = <Result>(work: () => Result): Promise<Result> => whenNotBusy(clock, () => file.write(work));
  const names = processes.map(({ handler }) => handler.group);
  const work = processOperatorRequests({
    log,
    clock,
    logger,
    stopping,
    topicPrefix: parts.topicPrefix ?? '',
    groups: names,
    store: reader,
    calls: {
      takeRequests: async () => {
        const requests = await failures.desk.newRequests(reader);
        if (requests.length === 0) return 0;
        parts.released.length = 0;
        const taken = await underLease(() => failures.desk.takeRequests(requests, new Set(names)));
        for (const each of parts.released.splice(0)) releaseInstance(parts, each);
        return taken;
      },
      redriveStep: async (name) => {
        const running = processes.find(({ handler }) => handler.group === name);
        return running === undefined ? NOTHING_TO_DO : running.group.pausedWhile(running.handler.redriveStep);
      },
      copiesWaiting: async (group, limit) => Promise.resolve(failures.copies.waiting(group, limit)),
      copiesDone: (seqs) => underLease(() => failures.copies.done(seqs)),
      noteCopying: (group, attempt) => underLease(() => failures.copies.note(group, attempt)),
      defectsWaiting: async (limit) => Promise.resolve(failures.defects.waiting(limit)),
      defectsDone: (ids) => underLease(() => failures.defects.done(ids)),
    },
  });
  work.catch(() => undefined);
  return work;
};

/** Sends on what waits in an instance. */
const releaseInstance = (
  { processes, sender, ledger }: ReactorParts,
  { process: name, instance }: ReleasedInstance,
): void => {
  const process = processes.find((each) => each.name === name);
  if (process !== undefined) sender.release(ledger.pending(process, instance));
};
