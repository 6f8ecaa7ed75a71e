/** Everything that this program is made of: its aggregates, and its process managers. A new one is added here. */
import { DEFAULT_PAYMENT_TERM_MS, fulfilmentWithin } from './fulfilment/fulfilment';
import type { FulfilmentState } from './fulfilment/facts';
import { catalogOf, type Catalog } from './kernel/aggregate';
import { processManagersOf, type ProcessManager } from './kernel/process-manager';
import type { Topic } from './kernel/topic';
import { orderAggregate } from './order/order';
import { paymentAggregate } from './payment/payment';
import { stockAggregate } from './stock/stock';

/** Every aggregate. */
export const catalog: Catalog = catalogOf([orderAggregate, stockAggregate, paymentAggregate]);

/** What an installation decides of its processes. */
export interface ProcessSettings {
  /** How long an order may stay unpaid before it is cancelled. */
  readonly paymentTermMs: number;
}

/** Every process manager. */
export const processManagersWith = ({
  paymentTermMs,
}: ProcessSettings): ReadonlyArray<ProcessManager<FulfilmentState>> =>
  processManagersOf([fulfilmentWithin(paymentTermMs)]);

/** The same with the settings that hold where nothing else is set. */
export const processManagers = processManagersWith({ paymentTermMs: DEFAULT_PAYMENT_TERM_MS });

/** The same catalog with a text before each topic's name, so that several installations can share a cluster. */
export const withTopicPrefix = ({ aggregates }: Catalog, prefix: string): Catalog =>
  catalogOf(aggregates.map((each) => ({ ...each, topic: prefixed(each.topic, prefix) })));

const prefixed = (topic: Topic, prefix: string): Topic => {
  const name = `${prefix}${topic.name}`;
  if (topic.earlier === undefined) return { ...topic, name };
  return { ...topic, name, earlier: topic.earlier.map((each) => ({ ...each, name: `${prefix}${each.name}` })) };
};
