/** Whether the topics are the ones that the cursor counts on: a pure decision, with the way on where they are not. */
import type { Topic } from '../../domain/kernel/topic';
import { keepsHistory, type LogTopic } from '../kafka/event-log';
import { refuse, refusedPartitionCount, type Refusal } from '../kafka/refusal';

export type TopicDecision =
  | {
      readonly _tag: 'Publish';
      /** Events above this position are published, but those that a partition is found to hold already. */
      readonly cursor: number;
      /** What is out of the ordinary, for the operator. */
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

/** Decides where publishing goes on. */
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
        : `the embedded broker starts empty: it gets what comes after position ${cursor}, and the store stands in for the rest`;
    return { _tag: 'Publish', cursor, note };
  }
  const replaced = changed.filter((topic) => isReplaced(logIdOf(known, topic)));
  if (replaced.length > 0 && !acceptNewLog) {
    return refuse(
      `the topics ${replaced.map(({ topic }) => topic).join(', ')} are not the ones that this data was published to: they ` +
        'were recreated, or this is another cluster. If that is meant, start once with ACCEPT_NEW_LOG=true: everything is ' +
        'published again from the store, and consumers apply nothing twice',
    );
  }
  const note =
    cursor === 0 ? undefined : `${names}: a log that this data was not published to; it gets everything from the store`;
  return { _tag: 'Publish', cursor: 0, note };
};

const logIdOf = (known: ReadonlyArray<LogTopic>, { topic }: LogTopic): string | undefined =>
  known.find((each) => each.topic === topic)?.logId;

/** A log that should still be there. One that keeps no history vanishes as a matter of course, and a new topic replaces none. */
const isReplaced = (logId: string | undefined): boolean => logId !== undefined && keepsHistory(logId);
