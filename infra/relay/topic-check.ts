/** Whether the topics are the ones that the cursor refers to: a pure decision, with what to do where they are not. */
import type { Topic } from '../../domain/kernel/topic';
import { keepsHistory, type LogTopic } from '../kafka/event-log';
import { refuse, refusedPartitionCount, type Refusal } from '../kafka/refusal';

export type TopicDecision =
  | {
      readonly _tag: 'Publish';
      /** Events above this position are published, except those that are found in Kafka already. */
      readonly cursor: number;
      /** An unusual situation to log for the operator. */
      readonly note: string | undefined;
    }
  | Refusal;

export interface TopicState {
  readonly declared: ReadonlyArray<Topic>;
  readonly found: ReadonlyArray<LogTopic>;
  /** The topics as they were when the cursor was last saved. */
  readonly known: ReadonlyArray<LogTopic>;
  readonly cursor: number;
  readonly acceptNewLog: boolean;
}

/** Decides where publishing continues. */
export const topicDecision = ({ declared, found, known, cursor, acceptNewLog }: TopicState): TopicDecision => {
  const miscounted = refusedPartitionCount(declared, found);
  if (miscounted !== undefined) return miscounted;
  const changed = found.filter((topic) => logIdOf(known, topic) !== topic.logId);
  if (changed.length === 0) return { _tag: 'Publish', cursor, note: undefined };
  const names = changed.map(({ topic }) => topic).join(', ');
  if (changed.every(({ logId }) => !keepsHistory(logId))) {
    const note =
      cursor === 0
        ? undefined
        : `the embedded broker starts empty: events after position ${cursor} are published, and consumers read earlier ones from the store`;
    return { _tag: 'Publish', cursor, note };
  }
  const replaced = changed.filter((topic) => isReplaced(logIdOf(known, topic)));
  if (replaced.length > 0 && !acceptNewLog) {
    return refuse(
      `the topics ${replaced.map(({ topic }) => topic).join(', ')} are not the ones that this data was published to: they ` +
        'were recreated, or this is another cluster. If that is intended, start once with ACCEPT_NEW_LOG=true: everything is ' +
        'published again from the store, and consumers apply nothing twice',
    );
  }
  const note =
    cursor === 0
      ? undefined
      : `${names}: a log that this data was not published to; everything is published from the store`;
  return { _tag: 'Publish', cursor: 0, note };
};

const logIdOf = (known: ReadonlyArray<LogTopic>, { topic }: LogTopic): string | undefined =>
  known.find((each) => each.topic === topic)?.logId;

/** Whether a log is missing that should still exist, unlike one that keeps no history. A new topic replaces none. */
const isReplaced = (logId: string | undefined): boolean => logId !== undefined && keepsHistory(logId);
