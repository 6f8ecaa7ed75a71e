/** The events of a payment. Stored and published shapes: change them with a new schema version only. */
import type * as t from 'io-ts';
import { constrained, field, type RecordOf } from '../kernel/codec';
import { defineEvent, earlierVersion, type EventOf } from '../kernel/event-definition';
import { Amount, Currency, Identifier, Instant, oneOf, Text } from '../kernel/values';

/** How a customer pays. */
export const PaymentMethod = oneOf({ 'credit-card': null, 'debit-card': null, boleto: null, voucher: null });
export type PaymentMethod = t.TypeOf<typeof PaymentMethod>;

const PAYMENT_METHODS = [
  'credit-card',
  'debit-card',
  'boleto',
  'voucher',
] as const satisfies ReadonlyArray<PaymentMethod>;

/** The instrument of a payment and where its money comes from. */
export type PaymentMeans = RecordOf<Pick<typeof authorisedFields, 'instrument' | 'funding'>>;

const MAX_INSTALMENTS = 48;

/**
 * The number of instalments. Paying at once is one instalment. Some source systems write 0 for it, which is rejected: two
 * spellings of one fact would split every count, and computing an amount per instalment would divide by zero.
 */
export const Instalments = constrained(
  `number of instalments (integer, 1 to ${MAX_INSTALMENTS}; paying at once is 1)`,
  (value): value is number =>
    Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_INSTALMENTS,
  { type: 'integer', minimum: 1, maximum: MAX_INSTALMENTS },
);

/** Common to every event of a payment. */
const contract = { owner: 'payments desk', since: '2026-11-24' };

/** Part of every event of a payment, so that a consumer need not have read an earlier one. */
const paymentFacts = {
  paymentId: field(Identifier, 'The payment; one attempt to pay has one id.'),
  orderId: field(Identifier, 'The order that the payment is for; several payments may pay one order.'),
  currency: field(Currency, 'The currency of the amount, ISO 4217.'),
};

/** What a customer pays with. */
export const PaymentInstrument = oneOf({ card: null, boleto: null, voucher: null });

/** Where the money comes from. */
export const PaymentFunding = oneOf({ credit: null, debit: null, prepaid: null });

const authorisedFieldsV1 = {
  ...paymentFacts,
  amount: field(Amount, 'The amount held, in minor units of the currency, more than 0.'),
  method: field(PaymentMethod, 'How the customer pays.'),
  instalments: field(Instalments, 'In how many parts the customer pays; 1 is at once.'),
  authorisedAt: field(Instant, 'When the amount was authorised; business time, UTC.'),
};

const authorisedFields = {
  ...paymentFacts,
  amount: authorisedFieldsV1.amount,
  instrument: field(PaymentInstrument, 'What the customer pays with: a card, a boleto (bank slip) or a voucher.'),
  funding: field(PaymentFunding, "Where the money comes from: credit, the payer's account (debit), or paid before."),
  instalments: authorisedFieldsV1.instalments,
  authorisedAt: authorisedFieldsV1.authorisedAt,
};

/** Splits a method, which combined two facts: what is paid with, and where the money comes from. */
export const splitMethod = (method: PaymentMethod): PaymentMeans => {
  switch (method) {
    case 'credit-card':
      return { instrument: 'card', funding: 'credit' };
    case 'debit-card':
      return { instrument: 'card', funding: 'debit' };
    case 'boleto':
      return { instrument: 'boleto', funding: 'debit' };
    case 'voucher':
      return { instrument: 'voucher', funding: 'prepaid' };
  }
};

/** The reverse of {@link splitMethod}; undefined for means that no method describes, such as a prepaid card. */
const joinMethod = ({ instrument, funding }: PaymentMeans): PaymentMethod | undefined =>
  PAYMENT_METHODS.find((method) => {
    const means = splitMethod(method);
    return means.instrument === instrument && means.funding === funding;
  });

export const PaymentAuthorised = defineEvent('PaymentAuthorised', {
  ...contract,
  schemaVersion: 2,
  meaning: 'The payer is good for the amount and it is held; no money has moved.',
  fields: authorisedFields,
  earlier: [
    earlierVersion({
      type: 'PaymentAuthorised',
      schemaVersion: 1,
      since: '2026-11-24',
      deprecated: '2026-11-24',
      sunset: '2027-05-24',
      meaning: 'The payer is good for the amount and it is held; no money has moved.',
      fields: authorisedFieldsV1,
      next: authorisedFields,
      upcast: ({ method, ...data }) => ({ ...data, ...splitMethod(method) }),
      downcast: ({ instrument, funding, ...data }) => {
        const method = joinMethod({ instrument, funding });
        return method === undefined ? undefined : { ...data, method };
      },
    }),
  ],
});

export const PaymentDeclined = defineEvent('PaymentDeclined', {
  ...contract,
  schemaVersion: 1,
  meaning: 'The payment will not happen: refused at the start, or given up after it was authorised.',
  fields: {
    ...paymentFacts,
    amount: field(Amount, 'The amount that will not be paid, in minor units of the currency, more than 0.'),
    reason: field(Text, 'Why the payment was declined, for people.'),
    declinedAt: field(Instant, 'When the payment was declined; business time, UTC.'),
  },
});

export const PaymentCaptured = defineEvent('PaymentCaptured', {
  ...contract,
  schemaVersion: 1,
  meaning: 'The money of an authorised payment was collected, all of it.',
  fields: {
    ...paymentFacts,
    amount: field(Amount, 'The amount collected: all that was authorised, in minor units of the currency.'),
    capturedAt: field(Instant, 'When the money was collected; business time, UTC.'),
  },
});

export const PaymentRefunded = defineEvent('PaymentRefunded', {
  ...contract,
  schemaVersion: 1,
  meaning: 'Collected money went back to the payer, all or part of it.',
  fields: {
    ...paymentFacts,
    refundId: field(Identifier, 'The refund; one refund counts once.'),
    amount: field(Amount, 'The amount of this refund, in minor units of the currency, more than 0.'),
    refundedAt: field(Instant, 'When the money went back; business time, UTC.'),
  },
});

/** Every event of a payment. */
export const paymentEvents = [PaymentAuthorised, PaymentDeclined, PaymentCaptured, PaymentRefunded] as const;

/** Any event of a payment. */
export type PaymentEvent = EventOf<(typeof paymentEvents)[number]>;
