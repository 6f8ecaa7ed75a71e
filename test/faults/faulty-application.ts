/** The shipped application with one projection whose handler is slow, or never returns, for as long as a file says so. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fulfilmentWithin } from '../../domain/fulfilment/fulfilment';
import { paymentTermMs } from '../../domain/fulfilment/payment-term';
import { orderAggregate } from '../../domain/order/order';
import { paymentAggregate } from '../../domain/payment/payment';
import { stockAggregate } from '../../domain/stock/stock';
import { defineApplication } from '../../projections/application';
import { orderSummary } from '../../projections/fulfilment/order-summary';
import { stockLevel } from '../../projections/fulfilment/stock-level';
import type { Projection } from '../../projections/projection';

const SLOW_MS = 400;

const cell = new Int32Array(new SharedArrayBuffer(4));
const fault = (): string => {
  const file = process.env['FAULT_FILE'] ?? '';
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

const faulty = (projection: Projection): Projection => ({
  ...projection,
  project: (event) => {
    const now = fault();
    if (now === 'slow') Atomics.wait(cell, 0, 0, SLOW_MS);
    if (now === 'hang') Atomics.wait(cell, 0, 0);
    return projection.project(event);
  },
});

export default defineApplication({
  name: 'order-fulfilment',
  aggregates: [orderAggregate, stockAggregate, paymentAggregate],
  settings: { paymentTermMs },
  processManagers: (settings) => [fulfilmentWithin(settings.paymentTermMs)],
  projections: [faulty(orderSummary), stockLevel],
  contractsFolder: join(__dirname, '..', '..', '..', 'domain', 'contracts'),
});
