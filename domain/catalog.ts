/** Everything that this program is made of: its aggregates, and its process managers. A new one is added here. */
import { fulfilment } from './fulfilment/fulfilment';
import type { FulfilmentState } from './fulfilment/facts';
import { catalogOf, type Catalog } from './kernel/aggregate';
import type { ProcessManager } from './kernel/process-manager';
import type { Topic } from './kernel/topic';
import { orderAggregate } from './order/order';
import { paymentAggregate } from './payment/payment';
import { stockAggregate } from './stock/stock';

/** Every aggregate. */
export const catalog: Catalog = catalogOf([orderAggregate, stockAggregate, paymentAggregate]);

/** Every process manager. */
export const processManagers: ReadonlyArray<ProcessManager<FulfilmentState>> = [fulfilment];

/** The same catalog with a text before each topic's name, so that several installations can share a cluster. */
export const withTopicPrefix = ({ aggregates }: Catalog, prefix: string): Catalog =>
  catalogOf(aggregates.map((each) => ({ ...each, topic: prefixed(each.topic, prefix) })));

const prefixed = (topic: Topic, prefix: string): Topic => {
  const name = `${prefix}${topic.name}`;
  if (topic.earlier === undefined) return { ...topic, name };
  return { ...topic, name, earlier: topic.earlier.map((each) => ({ ...each, name: `${prefix}${each.name}` })) };
};
