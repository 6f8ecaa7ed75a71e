/** What a producer has sent and been told: how much is outstanding, the first failure, and since when nothing has come. */
import type { DeliveryReport, LibrdKafkaError } from '@confluentinc/kafka-javascript';
import { failureClass } from './client-errors';
import type { DeliveryFailure, DeliveryListener } from './event-log';
import { partitionMap, partitionName, type ReadonlyPartitionMap, type TopicPartition } from '../topic-partition';

export interface DeliveryCount {
  readonly sent: (to: TopicPartition) => void;
  /** Takes a delivery report of the client; its opaque is the record's sequence. */
  readonly report: (
    error: LibrdKafkaError | null,
    report: Pick<DeliveryReport, 'topic' | 'partition' | 'opaque'>,
  ) => void;
  readonly fail: (failure: DeliveryFailure) => void;
  /** So much time has passed; fails where something was outstanding and nothing was reported for `stallTimeoutMs`. */
  readonly waited: (elapsedMs: number, stallTimeoutMs: number) => void;
  /** Tells nothing more. */
  readonly silence: () => void;
  /** Whether it tells nothing more. */
  readonly isOver: () => boolean;
  /** Waits until nothing is outstanding, it is over, or so long; true where nothing is outstanding. */
  readonly settled: (timeoutMs: number) => Promise<boolean>;
}

/** Counts what is outstanding, and passes reports on until the first failure. */
export const deliveryCount = (listener: DeliveryListener): DeliveryCount => {
  const inFlight = partitionMap<number>();
  let outstanding = 0;
  let waitedMs = 0;
  let silent = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const silence = (): void => {
    silent = true;
    wake();
  };
  const fail = (failure: DeliveryFailure): void => {
    if (silent) return;
    silence();
    listener.onFailed(failure);
  };
  const count = (at: TopicPartition, change: number): void => {
    outstanding += change;
    inFlight.set(at, (inFlight.get(at) ?? 0) + change);
  };
  return {
    sent: (to) => {
      if (outstanding === 0) waitedMs = 0;
      count(to, 1);
    },
    report: (error, report) => {
      if (silent) return;
      // The number that `produce` gave it.
      const sequence = report.opaque as number;
      if (error !== null) {
        const { topic, partition } = report;
        const reason = `${partitionName(report)}: ${error.message}`;
        fail({ class: failureClass(error.code), reason, record: { topic, partition, sequence } });
        return;
      }
      waitedMs = 0;
      count(report, -1);
      listener.onDelivered(sequence, report.topic);
      if (outstanding === 0) wake();
    },
    fail,
    waited: (elapsedMs, stallTimeoutMs) => {
      if (outstanding === 0) return;
      waitedMs += elapsedMs;
      if (waitedMs >= stallTimeoutMs) fail({ class: 'stalled', reason: stallReason(inFlight, outstanding, waitedMs) });
    },
    silence,
    isOver: () => silent,
    settled: async (timeoutMs) => {
      if (outstanding > 0 && !silent) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          timer = setTimeout(resolve, timeoutMs);
          waiting.push(resolve);
        });
        clearTimeout(timer);
      }
      return outstanding === 0;
    },
  };
};

/** As many places as fit into a line. */
const DISPLAY_LIMIT = 5;

const stallReason = (inFlight: ReadonlyPartitionMap<number>, outstanding: number, waitedMs: number): string => {
  const places = inFlight.named().flatMap(([name, count]) => (count > 0 ? [name] : []));
  const shown = places.slice(0, DISPLAY_LIMIT).join(', ') + (places.length > DISPLAY_LIMIT ? ', ...' : '');
  const seconds = Math.round(waitedMs / 1_000);
  return `Kafka has acknowledged nothing for ${seconds} s: ${outstanding} records in flight to ${shown}`;
};
