/** What a producer has sent and been told: how much is outstanding, and the first failure. */
import type { DeliveryReport, LibrdKafkaError } from '@confluentinc/kafka-javascript';
import { failureClass } from './client-errors';
import type { DeliveryListener } from './event-log';

type Failure = Parameters<DeliveryListener['onFailed']>[0];

export interface DeliveryCount {
  readonly sent: () => void;
  /** Takes a delivery report of the client; its opaque is the record's sequence. */
  readonly report: (
    error: LibrdKafkaError | null,
    report: Pick<DeliveryReport, 'topic' | 'partition' | 'opaque'>,
  ) => void;
  readonly fail: (failure: Failure) => void;
  /** Tells nothing more. */
  readonly silence: () => void;
  /** Whether it tells nothing more. */
  readonly isOver: () => boolean;
  /** Waits until nothing is outstanding, it is over, or so long; true where nothing is outstanding. */
  readonly settled: (timeoutMs: number) => Promise<boolean>;
}

/** Counts what is outstanding, and passes reports on until the first failure. */
export const deliveryCount = (listener: DeliveryListener): DeliveryCount => {
  let outstanding = 0;
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
  const fail = (failure: Failure): void => {
    if (silent) return;
    silence();
    listener.onFailed(failure);
  };
  return {
    sent: () => void (outstanding += 1),
    report: (error, { topic, partition, opaque }) => {
      if (silent) return;
      if (error !== null) {
        fail({ class: failureClass(error.code), reason: `${topic}/${partition}: ${error.message}` });
        return;
      }
      outstanding -= 1;
      // The number that `produce` gave it.
      listener.onDelivered(opaque as number);
      if (outstanding === 0) wake();
    },
    fail,
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
