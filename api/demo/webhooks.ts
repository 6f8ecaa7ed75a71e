/** Counts the webhooks of the deliveries that the demonstration has made, to the last one. */
import type { Clock } from '../../infra/clock';
import { countOf } from './report';
import { webhookReceiver, type WebhookAddress, type WebhookReceiver } from './webhook-receiver';

export interface WebhookCheck {
  readonly lines: ReadonlyArray<string>;
  readonly agrees: boolean;
}

export interface Webhooks {
  /** Waits until every delivery was received, or until the deadline (in monotonic ms). */
  readonly settle: (delivered: ReadonlyArray<string>, deadlineMs: number) => Promise<WebhookCheck>;
  readonly close: () => Promise<void>;
}

const CHECK_INTERVAL_MS = 50;

/** Starts the receiver. Without an address nothing is received and nothing is expected. */
export const openWebhooks = async (address: WebhookAddress | undefined, clock: Clock): Promise<Webhooks> => {
  if (address === undefined) {
    return { settle: async () => Promise.resolve({ lines: [], agrees: true }), close: async () => Promise.resolve() };
  }
  const receiver = await webhookReceiver(address);
  return {
    settle: async (delivered, deadlineMs) => {
      const isComplete = (): boolean => delivered.every((orderId) => receiver.received.has(orderId));
      while (!isComplete() && clock.monotonicMs() < deadlineMs) await clock.sleep(CHECK_INTERVAL_MS);
      return checkOf(receiver, delivered);
    },
    close: receiver.close,
  };
};

const checkOf = ({ received, refused }: WebhookReceiver, delivered: ReadonlyArray<string>): WebhookCheck => {
  const once = delivered.filter((orderId) => received.get(orderId) === 1).length;
  const missing = delivered.filter((orderId) => !received.has(orderId)).length;
  const repeated = delivered.length - once - missing;
  return {
    agrees: once === delivered.length && refused() === 0,
    lines: [
      `webhooks: ${countOf(delivered.length)} deliveries, ${countOf(once)} received once` +
        (repeated === 0 ? '' : `, ${countOf(repeated)} received more than once`) +
        (missing === 0 ? '' : `, ${countOf(missing)} not received (tidemark effects list)`) +
        (refused() === 0 ? '' : `, ${countOf(refused())} with a wrong signature or without an order`),
    ],
  };
};
