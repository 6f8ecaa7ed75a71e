/** What the parts of a running group share, from its start to its end. */
import type { Exclusive } from '../../exclusive';
import type { OffsetGap } from '../../kafka/offset-gaps';
import { topicWatch, type TopicWatch } from '../../kafka/topic-watch';
import type { ConsumerGroupOptions } from './consumer-group';
import { deadLetterTopic } from './dead-letter-topic-name';
import type { GroupProgress } from './progress';
import { groupHeartbeats, type GroupHeartbeats } from './group-heartbeats';
import { groupReporter, type GroupReporter } from './status-reporter';

interface Begun extends ConsumerGroupOptions {
  readonly progress: GroupProgress;
  /** Serialises batches and work that needs a batch boundary. */
  readonly oneAtATime: Exclusive;
  readonly stopping: AbortSignal;
}

export interface RunningGroup extends Begun {
  readonly reporter: GroupReporter;
  readonly watch: TopicWatch;
  readonly heartbeats: GroupHeartbeats;
  /** Gaps of the log that are to be filled from the store. */
  readonly accepted: { gaps: ReadonlyArray<OffsetGap> };
}

/** The context of a group whose first session has not begun. */
export const runningGroup = (options: Begun): RunningGroup => {
  const { handler, logger, progress } = options;
  return {
    ...options,
    reporter: groupReporter(options, progress),
    accepted: { gaps: [] },
    heartbeats: groupHeartbeats({
      ...options,
      group: handler.group,
      onHeartbeat: ({ sentAt }) => progress.noteHeartbeat(sentAt),
      onNone: () => progress.noteHeartbeat(undefined),
    }),
    watch: topicWatch({
      ...options,
      deadLetters: deadLetterTopic(options.topicPrefix ?? '', handler.group),
      intervals: options.topicChecks,
      onWarning: (reason) => {
        if (reason !== null) logger.warn({ group: handler.group, reason }, 'the topics of the group need attention');
      },
    }),
  };
};

/** Changes the group's state and reports it. */
export const enterState = async (
  { progress, reporter }: Pick<RunningGroup, 'progress' | 'reporter'>,
  ...[state, reason]: Parameters<GroupProgress['setState']>
): Promise<void> => {
  progress.setState(state, reason);
  // A status that can't be written now is written by the next report.
  await reporter.refresh(undefined).catch(() => undefined);
};
