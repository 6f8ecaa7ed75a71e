import { defineProjection, integer, text } from '../../projections/projection';
import { VoucherIssued, VoucherRedeemed } from './voucher';

/** One row per customer and currency: what the customer still has to spend. */
export const voucherBalance = defineProjection({
  name: 'voucher-balance',
  version: 1,
  meaning: 'One row per customer and currency: what the customer can still spend.',
  view: {
    key: { customerId: text('The customer.'), currency: text('The currency, ISO 4217.') },
    columns: { vouchers: integer('How many vouchers are not spent.'), amount: integer('Their worth, in minor units.') },
  },
  handles: [VoucherIssued, VoucherRedeemed],
  project: ({ type, data: { customerId, currency, amount } }) => {
    const sign = type === 'VoucherIssued' ? 1 : -1;
    return [{ key: { customerId, currency }, add: { vouchers: sign, amount: sign * amount } }];
  },
});
