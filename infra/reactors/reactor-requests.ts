/** Operators' requests to the reactors: dead letters, redrives, and suspended commands. */
import { NOTHING_TO_DO, processOperatorRequests } from '../dead-letters/redrive/redrive';
import { whenNotBusy } from '../sqlite/leased-database';
import { adoptModes } from './effect-starts';
import type { ReactorContext, RunningProcess } from './reactor-context';
import type { ReleasedInstance } from './processes/processes';

/** Processes operators' requests alongside the groups, until the signal aborts. */
export const processReactorRequests = (
  context: ReactorContext,
  processes: ReadonlyArray<RunningProcess>,
): Promise<void> => {
  const { file, deadLetters, reader, log, clock, logger, stopping } = context;
  const underLease = <Result>(work: () => Result): Promise<Result> => whenNotBusy(clock, () => file.write(work));
  const names = processes.map(({ handler }) => handler.group);
  const work = processOperatorRequests({
    log,
    clock,
    logger,
    stopping,
    topicPrefix: context.topicPrefix ?? '',
    groups: names,
    store: reader,
    calls: {
      takeRequests: async () => {
        const requests = await deadLetters.operatorRequests.newRequests(reader);
        if (requests.length === 0) return 0;
        context.released.length = 0;
        const taken = await underLease(() => deadLetters.operatorRequests.takeRequests(requests, new Set(names)));
        for (const each of context.released.splice(0)) releaseInstance(context, each);
        adoptModes(context);
        return taken;
      },
      redriveStep: async (name) => {
        const running = processes.find(({ handler }) => handler.group === name);
        return running === undefined ? NOTHING_TO_DO : running.group.pausedWhile(running.handler.redriveStep);
      },
      copiesWaiting: async (group, limit) => Promise.resolve(deadLetters.copies.waiting(group, limit)),
      copiesDone: (seqs) => underLease(() => deadLetters.copies.done(seqs)),
      noteCopying: (group, attempt) => underLease(() => deadLetters.copies.note(group, attempt)),
      defectsWaiting: async (limit) => Promise.resolve(deadLetters.defects.waiting(limit)),
      defectsDone: (ids) => underLease(() => deadLetters.defects.done(ids)),
    },
  });
  work.catch(() => undefined);
  return work;
};

/** Sends the pending commands of an instance. */
const releaseInstance = (
  { processes, senders, processStore }: ReactorContext,
  { process: name, instance }: ReleasedInstance,
): void => {
  const process = processes.find((each) => each.name === name);
  if (process !== undefined) senders.of(process).release(processStore.pending(process, instance));
};
