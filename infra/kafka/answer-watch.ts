/** Tracks whether Kafka responds to whoever uses a log: calls that wait for it, calls that have failed for want of it, records in flight. */
import { isoTime, type Clock } from '../clock';
import { EngineFault } from '../engine-fault';
import type { DeliveryListener, EventLog, LogConsumer, LogProducer, ProducerOptions } from './event-log';

/** A healthy broker responds within a fraction of this. */
export const SILENT_AFTER_MS = 5_000;
const LOOK_INTERVAL_MS = 1_000;

/** What errors of a log have to say: whether the call failed because no broker was reached. Others are responses. */
export interface NotReached {
  readonly isNotReached: boolean;
}

/** Whether a call has failed because no broker was reached. Known by its shape: the class would load the client in every thread. */
export const isNotReached = (error: unknown): boolean =>
  error instanceof EngineFault && (error as EngineFault & Partial<NotReached>).isNotReached === true;

export interface WatchedLog {
  /** The same log; every pending call to it is tracked. */
  readonly log: EventLog;
  /**
   * Since when Kafka has not responded, by the monotonic clock: the oldest pending call, or the first one that has failed because no
   * broker was reached and that none has succeeded after. Undefined where Kafka has responded to everything.
   */
  readonly waitingSinceMs: () => number | undefined;
  /** Whether it has not responded for so long that something is wrong. */
  readonly isSilent: () => boolean;
}

interface Question {
  atMs: number;
}

interface Questions {
  /** Tracks a call. Its result is a response of Kafka where `isResponse` says so. */
  readonly ask: <Answer>(call: () => Promise<Answer>, isResponse?: (answer: Answer) => boolean) => Promise<Answer>;
  readonly open: (question: Question) => void;
  readonly close: (question: Question) => void;
  readonly responded: () => void;
  readonly nowMs: () => number;
}

/** Tracks the calls of one user of the log. */
export const watchAnswers = (log: EventLog, clock: Pick<Clock, 'monotonicMs'>): WatchedLog => {
  const pending = new Set<Question>();
  let failedSinceMs: number | undefined;
  const questions: Questions = {
    ask: async (call, isResponse = () => true) => {
      const question = { atMs: clock.monotonicMs() };
      pending.add(question);
      try {
        const answer = await call();
        if (isResponse(answer)) failedSinceMs = undefined;
        return answer;
      } catch (error) {
        if (isNotReached(error)) failedSinceMs ??= question.atMs;
        throw error;
      } finally {
        pending.delete(question);
      }
    },
    open: (question) => void pending.add(question),
    close: (question) => void pending.delete(question),
    responded: () => (failedSinceMs = undefined),
    nowMs: clock.monotonicMs,
  };
  const waitingSinceMs = (): number | undefined => {
    const sinceMs = Math.min(failedSinceMs ?? Infinity, ...[...pending].map(({ atMs }) => atMs));
    return sinceMs === Infinity ? undefined : sinceMs;
  };
  return {
    log: watchedLog(log, questions),
    waitingSinceMs,
    isSilent: () => clock.monotonicMs() - (waitingSinceMs() ?? Infinity) >= SILENT_AFTER_MS,
  };
};

const watchedLog = (log: EventLog, questions: Questions): EventLog => ({
  ...log,
  describe: (topics) => questions.ask(() => log.describe(topics)),
  ensureTopics: (topics) => questions.ask(() => log.ensureTopics(topics)),
  openConsumer: async (group) => watchedConsumer(await questions.ask(() => log.openConsumer(group)), questions),
  openProducer: (listener, options) => watchedProducer(log, questions, listener, options),
});

const watchedConsumer = (consumer: LogConsumer, { ask }: Questions): LogConsumer => ({
  ...consumer,
  // One without records has only waited for its own time-out.
  poll: (maxRecords) =>
    ask(
      () => consumer.poll(maxRecords),
      (records) => records.length > 0,
    ),
  watermarks: (topic, partition) => ask(() => consumer.watermarks(topic, partition)),
  close: () => ask(consumer.close, () => false),
});

/** Records in flight are one question, as old as the last delivery. */
const watchedProducer = async (
  log: EventLog,
  questions: Questions,
  listener: DeliveryListener,
  options: ProducerOptions | undefined,
): Promise<LogProducer> => {
  const inFlight: Question = { atMs: 0 };
  let records = 0;
  const over = (): void => {
    records = 0;
    questions.close(inFlight);
  };
  const producer = await questions.ask(() =>
    log.openProducer(
      {
        onDelivered: (sequence, topic) => {
          inFlight.atMs = questions.nowMs();
          questions.responded();
          records = Math.max(0, records - 1);
          if (records === 0) questions.close(inFlight);
          listener.onDelivered(sequence, topic);
        },
        onFailed: (failure) => {
          over();
          listener.onFailed(failure);
        },
      },
      options,
    ),
  );
  return {
    ...producer,
    send: (record) => {
      const sent = producer.send(record);
      if (sent !== 'queued') return sent;
      if (records === 0) {
        inFlight.atMs = questions.nowMs();
        questions.open(inFlight);
      }
      records += 1;
      return sent;
    },
    close: () => {
      over();
      return questions.ask(producer.close, () => false);
    },
  };
};

export interface SilenceOptions {
  readonly watched: WatchedLog;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  /** Called again and again while Kafka does not respond. */
  readonly onSilence: (reason: string) => Promise<void> | void;
}

/** Looks whether Kafka responds, once a second, until the signal aborts. */
export const reportSilence = async ({ watched, clock, stopping, onSilence }: SilenceOptions): Promise<void> => {
  let lookedAtMs = clock.monotonicMs();
  let resumedAtMs = -Infinity;
  while (!stopping.aborted) {
    await clock.sleep(LOOK_INTERVAL_MS, stopping);
    const nowMs = clock.monotonicMs();
    // A process that was suspended has not listened meanwhile.
    if (nowMs - lookedAtMs > SILENT_AFTER_MS) resumedAtMs = nowMs;
    lookedAtMs = nowMs;
    const sinceMs = watched.waitingSinceMs();
    if (sinceMs === undefined || nowMs - Math.max(sinceMs, resumedAtMs) < SILENT_AFTER_MS) continue;
    await onSilence(silenceReason(watched, clock, nowMs - sinceMs));
  }
};

const silenceReason = ({ log }: WatchedLog, clock: Clock, silentMs: number): string => {
  const trouble = log.trouble?.();
  const reason = `Kafka has not answered since ${isoTime(clock.nowMs() - silentMs)}; lag and offsets are as of then`;
  return trouble === undefined ? reason : `${reason} (${trouble})`;
};
