/** Everything that a running group holds, from its start to its end. */
import type { Exclusive } from '../../exclusive';
import type { OffsetGap } from '../../kafka/offset-gaps';
import { topicWatch, type TopicWatch } from '../../kafka/topic-watch';
import type { ConsumerGroupOptions } from './consumer-group';
import { deadLetterTopic } from './dead-letter-topic-name';
import type { GroupProgress } from './progress';
import { groupReporter, type GroupReporter } from './status-reporter';

interface Begun extends ConsumerGroupOptions {
  readonly progress: GroupProgress;
  /** One batch, or what asks for a boundary between two. */
  readonly oneAtATime: Exclusive;
  readonly stopping: AbortSignal;
}

export interface RunningGroup extends Begun {
  readonly reporter: GroupReporter;
  readonly watch: TopicWatch;
  /** What the log lacks, where the store is to stand in for it. */
  readonly accepted: { gaps: ReadonlyArray<OffsetGap> };
}

/** Nothing was looked at yet. */
export const runningGroup = (options: Begun): RunningGroup => {
  const { handler, logger, progress } = options;
  return {
    ...options,
    reporter: groupReporter(options, progress),
    accepted: { gaps: [] },
    watch: topicWatch({
      ...options,
      deadLetters: deadLetterTopic(options.topicPrefix ?? '', handler.group),
      intervals: options.topicChecks,
      onWarning: (reason) => {
        if (reason !== null) logger.warn({ group: handler.group, reason }, 'the topics of the group need a look');
      },
    }),
  };
};

/** Changes the group's state, and tells others. */
export const become = async (
  { progress, reporter }: Pick<RunningGroup, 'progress' | 'reporter'>,
  ...[state, reason]: Parameters<GroupProgress['become']>
): Promise<void> => {
  progress.become(state, reason);
  // A status that can't be written now is written by the next report.
  await reporter.refresh(undefined).catch(() => undefined);
};
