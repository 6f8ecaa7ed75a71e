/** Looks at the settings of topics: before they are written or read, and from time to time afterwards. */
import type { Topic } from '../../domain/kernel/topic';
import type { Clock } from '../clock';
import type { EventLog } from './event-log';
import { refusedPartitionCount } from './refusal';
import { deadLetterFindings, findingsText, topicFindings } from './topic-settings';

/** Records vanish under the settings of a topic. It passes when an operator has set them right. */
export class TopicsUnsafe extends Error {
  override readonly name = 'TopicsUnsafe';
}

/** How often topics are looked at while all is well, and while somebody waits for them to be set right. */
export interface TopicCheckIntervals {
  readonly runningMs: number;
  readonly haltedMs: number;
}

export const TOPIC_CHECK_INTERVALS: TopicCheckIntervals = { runningMs: 180_000, haltedMs: 5_000 };

export interface TopicWatchOptions {
  readonly log: Pick<EventLog, 'settings' | 'describe' | 'bootstrapServers'>;
  readonly topics: ReadonlyArray<Topic>;
  /** The topic of the group's dead letters. */
  readonly deadLetters?: string | undefined;
  readonly clock: Clock;
  readonly intervals?: TopicCheckIntervals | undefined;
  /** Told what is to be known, whenever that changes; null where there is nothing. */
  readonly onWarning: (warning: string | null) => void;
}

export interface TopicWatch {
  /** Looks now. Rejects with {@link TopicsUnsafe}; where the settings can't be looked at, that is a warning. */
  readonly check: () => Promise<void>;
  /** Looks where the interval has passed, beside whatever runs; throws what the last look has found. */
  readonly checkWhenDue: () => void;
  /** Waits before the next look at topics that are not safe. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
}

/** Watches nothing where the log can't be asked, as the embedded broker. */
export const topicWatch = (options: TopicWatchOptions): TopicWatch => {
  const { log, topics, deadLetters, clock, intervals = TOPIC_CHECK_INTERVALS } = options;
  let warned: string | null = null;
  let checkedAtMs = -Infinity;
  let found: TopicsUnsafe | undefined;
  let isChecking = false;

  const warn = (warning: string | null): void => {
    if (warning === warned) return;
    warned = warning;
    options.onWarning(warning);
  };

  const look = async (): Promise<TopicsUnsafe | undefined> => {
    if (log.settings === undefined) return undefined;
    let findings;
    try {
      const names = topics.map(({ name }) => name);
      const configs = await log.settings(deadLetters === undefined ? names : [...names, deadLetters]);
      const ofCopies = deadLetters === undefined ? [] : deadLetterFindings(deadLetters, configs);
      findings = [...topicFindings(topics, configs), ...ofCopies];
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      warn(`the settings of the topics can't be looked at: ${why}`);
      return undefined;
    }
    const others = findings.filter(({ loses }) => !loses);
    warn(others.length === 0 ? null : findingsText(others, log.bootstrapServers));
    const losing = findings.filter(({ loses }) => loses);
    if (losing.length === 0) return undefined;
    return new TopicsUnsafe(`${findingsText(losing, log.bootstrapServers)}; this goes on by itself then`);
  };

  const lookWhileRunning = async (): Promise<void> => {
    found = await look();
    // Nobody can take partitions away again: the start that follows says what to do.
    const miscounted = refusedPartitionCount(topics, await log.describe(topics.map(({ name }) => name)));
    if (miscounted !== undefined) found ??= new TopicsUnsafe(miscounted.reason);
  };

  return {
    check: async () => {
      checkedAtMs = clock.monotonicMs();
      found = undefined;
      const unsafe = await look();
      if (unsafe !== undefined) throw unsafe;
    },
    checkWhenDue: () => {
      if (found !== undefined) throw found;
      if (isChecking || clock.monotonicMs() - checkedAtMs < intervals.runningMs) return;
      checkedAtMs = clock.monotonicMs();
      isChecking = true;
      // A cluster that does not answer is noticed by whoever reads or writes.
      void lookWhileRunning()
        .catch(() => undefined)
        .finally(() => (isChecking = false));
    },
    pause: (signal) => clock.sleep(intervals.haltedMs, signal),
  };
};
