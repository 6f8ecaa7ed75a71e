/** Tries the events that block partitions again: a limit may have been raised, or a right given. */
import { errorTextOf } from '../error-text';
import { isoTime } from '../clock';
import type { DeliveryFailure } from '../kafka/event-log';
import { relayEncoder, type RelayContext } from './relay-context';
import type { BlockedPartition } from './state/state';
import { partitionName } from '../topic-partition';

const FIRST_PAUSE_MS = 10_000;
const MAX_PAUSE_MS = 300_000;
const ANSWER_TIMEOUT_MS = 5_000;

/** Tries one that is due, alone and on a producer of its own. True where it went through: look at Kafka again then. */
export const retryBlocked = async (running: RelayContext): Promise<boolean> => {
  const { holes, clock, logger } = running;
  const now = isoTime(clock.nowMs());
  const due = holes.blocked().find(({ nextAttemptAt }) => nextAttemptAt <= now);
  if (due === undefined) return false;
  const refusal = await attempt(running, due);
  if (refusal === undefined) {
    logger.info({ eventId: due.eventId, topic: due.topic, partition: due.partition }, 'a blocked partition goes on');
    holes.unblock(due);
    return true;
  }
  const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(due.attempts, 10));
  holes.noteAttempt(due, refusal, clock.nowMs() + pauseMs);
  return false;
};

/** Undefined where Kafka has the event now; otherwise why not. */
const attempt = async (
  running: RelayContext,
  { position, eventId, reason }: BlockedPartition,
): Promise<string | undefined> => {
  const { reader, log, clock } = running;
  const [event] = await reader.readAll({ afterPosition: position - 1, limit: 1 });
  if (event?.id !== eventId) return reason;
  let failure: DeliveryFailure | undefined;
  const refusedBecause = (why: string): string => `${eventId} at position ${position} can't be published: ${why}`;
  try {
    const record = relayEncoder(running)(event);
    const producer = await log.openProducer({ onDelivered: () => undefined, onFailed: (failed) => (failure = failed) });
    try {
      producer.send({ ...record, timestampMs: clock.nowMs(), sequence: position });
      const isDone = await producer.flush(ANSWER_TIMEOUT_MS);
      if (isDone) return undefined;
      return failure === undefined ? reason : refusedBecause(failure.reason);
    } finally {
      await producer.close();
    }
  } catch (error) {
    return refusedBecause(errorTextOf(error));
  }
};

/** What a status says of them; the first is named. */
export const blockedReason = (blocked: ReadonlyArray<BlockedPartition>): string => {
  const [first] = blocked;
  const more = blocked.length > 1 ? ` (and ${blocked.length - 1} more partitions)` : '';
  const name = first === undefined ? '' : partitionName(first);
  return (
    `${name} is blocked, all others go on: ${first?.reason ?? ''}${more}. It is tried again ` +
    `at ${first?.nextAttemptAt ?? ''}; to go on without it: tidemark relay skip ${first?.eventId ?? ''} --reason "..."`
  );
};
