/** The shipped application: order fulfilment. A new aggregate, process manager or projection is added here. */
import { join } from 'node:path';
import { fulfilmentWithin } from '../../domain/fulfilment/fulfilment';
import { paymentTermMs } from '../../domain/fulfilment/payment-term';
import { orderAggregate } from '../../domain/order/order';
import { paymentAggregate } from '../../domain/payment/payment';
import { stockAggregate } from '../../domain/stock/stock';
import { defineApplication } from '../application';
import { customerOrders } from './customer-orders';
import { deliveryWebhooks, deliveryWebhookSettings } from './effects/delivery-webhook';
import { orderSummary } from './order-summary';
import { salesByDay } from './sales-by-day';
import { stockLevel } from './stock-level';

/** The aggregates order, stock and payment, the fulfilment process, the views, and the webhook of deliveries. */
export const application = defineApplication({
  name: 'order-fulfilment',
  aggregates: [orderAggregate, stockAggregate, paymentAggregate],
  settings: { paymentTermMs, ...deliveryWebhookSettings },
  processManagers: (settings) => [fulfilmentWithin(settings.paymentTermMs)],
  projections: [orderSummary, stockLevel, customerOrders, salesByDay],
  effects: deliveryWebhooks,
  // The folder in the sources, relative to the built code.
  contractsFolder: join(__dirname, '..', '..', '..', 'domain', 'contracts'),
});

export default application;
