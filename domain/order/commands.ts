/** The commands of an order; the id in the path is the order's. */
import * as t from 'io-ts';
import { field, optionalField } from '../kernel/codec';
import { defineCommand, type CommandOf } from '../kernel/command-definition';
import { Currency, Identifier, Instant, listOf, Text } from '../kernel/values';
import { OrderLine } from './line';

export const place = defineCommand('place', {
  meaning: 'Places an order. The same order again changes nothing; the id with other content is refused.',
  fields: {
    customerId: field(Identifier, 'The customer who orders.'),
    currency: field(Currency, 'The currency of every price in the lines, ISO 4217.'),
    placedAt: field(Instant, 'When the customer placed the order; business time, UTC.'),
    lines: field(listOf(OrderLine), 'What is ordered: one line or more (an order without lines is refused).'),
  },
  example: {
    customerId: 'customer-7',
    currency: 'BRL',
    placedAt: '2017-07-09T21:57:05Z',
    lines: [{ sku: 'kettle-red', quantity: 2, unitPrice: 4990, freight: 1520 }],
  },
});

export const confirm = defineCommand('confirm', {
  meaning: 'Binds the seller to the order: goods are reserved, the amount is paid.',
  fields: {
    confirmedAt: field(Instant, 'When the order was confirmed, not before it was placed; business time, UTC.'),
  },
  example: { confirmedAt: '2017-07-09T22:10:13Z' },
});

export const handToCarrier = defineCommand('hand-to-carrier', {
  meaning: 'Reports that the goods of a confirmed order left with a carrier.',
  fields: {
    handedOverAt: field(
      Instant,
      'When the carrier took the goods over, not before the confirmation; business time, UTC.',
    ),
  },
  example: { handedOverAt: '2017-07-11T14:58:04Z' },
});

export const deliver = defineCommand('deliver', {
  meaning: 'Reports that the customer received the goods.',
  fields: {
    deliveredAt: field(Instant, 'When the customer received the goods, not before the hand-over; business time, UTC.'),
  },
  example: { deliveredAt: '2017-07-26T10:57:55Z' },
});

export const cancel = defineCommand('cancel', {
  meaning: 'Calls the order off, which is possible until it is delivered (also in transit).',
  fields: {
    reason: field(Text, 'Why the order is called off, for people.'),
    cancelledAt: field(Instant, 'When the order was called off, not before it was placed; business time, UTC.'),
    unlessConfirmed: optionalField(
      t.boolean,
      'With true, an order that is confirmed by now stays so and the command is refused; left out means false.',
    ),
  },
  example: { reason: 'the customer changed their mind', cancelledAt: '2017-07-10T08:00:00Z' },
});

export const declareUnavailable = defineCommand('declare-unavailable', {
  meaning: 'States that the seller cannot supply the order, which is possible until a carrier has the goods.',
  fields: {
    reason: field(Text, 'Why the order cannot be supplied, for people.'),
    declaredAt: field(Instant, 'When the seller said so, not before the order was placed; business time, UTC.'),
  },
  example: { reason: 'the article is no longer made', declaredAt: '2017-07-10T08:00:00Z' },
});

/** Every command of an order. */
export const orderCommands = [place, confirm, handToCarrier, deliver, cancel, declareUnavailable] as const;

/** Any command for an order. */
export type OrderCommand = CommandOf<(typeof orderCommands)[number]>;

/** One command for an order by its name. */
export type OrderCommandNamed<Type extends OrderCommand['type']> = Extract<OrderCommand, { readonly type: Type }>;
