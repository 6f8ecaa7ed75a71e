/** Copies a tally's dead letters to their topic, as its role would. */
import { systemClock } from '../../../infra/clock';
import { copyToTopics } from '../../../infra/dead-letters/topic/publish';
import type { EventLog } from '../../../infra/kafka/event-log';
import { silentLogger } from '../../../infra/logger';
import type { Tally } from '../consumption/tally-handler';

/** Copies everything that waits. */
export const copyLetters = async ({ group, failures }: Tally, log: EventLog, topicPrefix: string): Promise<void> => {
  const { copies } = failures;
  await copyToTopics({
    calls: {
      // As between threads, where buffers become plain byte arrays.
      copiesWaiting: async (name, limit) => Promise.resolve(structuredClone(copies.waiting(name, limit))),
      copiesDone: async (seqs) => {
        copies.done(seqs);
        return Promise.resolve();
      },
      noteCopying: async (name, attempt) => {
        copies.note(name, attempt);
        return Promise.resolve();
      },
    },
    groups: [group],
    log,
    topicPrefix,
    clock: systemClock,
    logger: silentLogger,
  });
};
