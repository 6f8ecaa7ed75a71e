/** The commands of a payment; the id in the path is the payment's. */
import { field, optionalField } from '../kernel/codec';
import { defineCommand, type CommandOf } from '../kernel/command-definition';
import { Amount, Currency, Identifier, Instant, Text } from '../kernel/values';
import { Instalments, PaymentMethod } from './events';

const orderId = field(Identifier, 'The order that the payment is for; several payments may pay one order.');
const currency = field(Currency, 'The currency of the amount, ISO 4217.');

export const authorise = defineCommand('authorise', {
  meaning: 'Reports that the amount is held at the payer. The same payment again changes nothing.',
  fields: {
    orderId,
    method: field(PaymentMethod, 'How the customer pays.'),
    instalments: field(Instalments, 'In how many parts the customer pays; 1 is at once.'),
    amount: field(Amount, 'The amount held, in minor units of the currency, more than 0.'),
    currency,
    authorisedAt: field(Instant, 'When the amount was authorised; business time, UTC.'),
  },
  example: {
    orderId: 'o1',
    method: 'credit-card',
    instalments: 3,
    amount: 11500,
    currency: 'BRL',
    authorisedAt: '2017-07-09T21:58:00Z',
  },
});

export const decline = defineCommand('decline', {
  meaning:
    'Reports that the payment will not happen, instead of an authorisation or after it, but not after its capture.',
  fields: {
    orderId,
    amount: field(Amount, 'The amount that will not be paid, in minor units; the authorised one if there was one.'),
    currency,
    reason: field(Text, 'Why the payment was declined, for people.'),
    declinedAt: field(Instant, 'When the payment was declined; business time, UTC.'),
  },
  example: {
    orderId: 'o1',
    amount: 11500,
    currency: 'BRL',
    reason: 'the card was reported stolen',
    declinedAt: '2017-07-09T21:59:00Z',
  },
});

export const capture = defineCommand('capture', {
  meaning: 'Reports that the authorised amount was collected, always all of it, once.',
  fields: { capturedAt: field(Instant, 'When the money was collected; business time, UTC.') },
  example: { capturedAt: '2017-07-09T22:10:13Z' },
});

export const refund = defineCommand('refund', {
  meaning: 'Reports that collected money went back. The same refund again changes nothing.',
  fields: {
    refundId: field(Identifier, 'The refund, so that it counts once.'),
    amount: optionalField(
      Amount,
      'How much went back, in minor units of the currency of the payment; left out: all that has not gone back yet.',
    ),
    refundedAt: field(Instant, 'When the money went back; business time, UTC.'),
  },
  example: { refundId: 'refund-1', amount: 4990, refundedAt: '2017-07-12T09:30:00Z' },
});

/** Every command of a payment. */
export const paymentCommands = [authorise, decline, capture, refund] as const;

/** Any command for a payment. */
export type PaymentCommand = CommandOf<(typeof paymentCommands)[number]>;

/** One command for a payment by its name. */
export type PaymentCommandNamed<Type extends PaymentCommand['type']> = Extract<PaymentCommand, { readonly type: Type }>;
