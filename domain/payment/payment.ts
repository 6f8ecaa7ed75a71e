/**
 * One attempt to pay: authorised, then captured or declined; or declined at once. Captured money can be refunded, but
 * never more than was captured. A new attempt is a new payment with its own id.
 *
 * Each step happens once, whatever business time a repeat names: the first report counts. Business times are not compared,
 * because they come from the clocks of different providers.
 */
import { aggregate } from '../kernel/aggregate';
import { accept, nothingToChange, reject, type Decider, type Decision } from '../kernel/decider';
import { PersistentMap } from '../kernel/persistent-map';
import { paymentCommands, type PaymentCommand, type PaymentCommandNamed } from './commands';
import {
  PaymentAuthorised,
  PaymentCaptured,
  PaymentDeclined,
  paymentEvents,
  PaymentRefunded,
  splitMethod,
  type PaymentEvent,
} from './events';

// -------------------------------------------------------------------------------------
// State
// -------------------------------------------------------------------------------------

type Data<Type extends PaymentEvent['type']> = Extract<PaymentEvent, { readonly type: Type }>['data'];

/** What has happened to the payment; empty before the first report. */
export interface PaymentState {
  readonly authorised?: Data<'PaymentAuthorised'>;
  readonly declined?: Data<'PaymentDeclined'>;
  readonly captured?: Data<'PaymentCaptured'>;
  /** How much of the captured amount was refunded, in minor units. */
  readonly refundedAmount: number;
  /** Refund id to amount. */
  readonly refunds: PersistentMap<number>;
}

const initialState: PaymentState = { refundedAmount: 0, refunds: PersistentMap.empty() };

const evolve = (state: PaymentState, event: PaymentEvent): PaymentState => {
  switch (event.type) {
    case 'PaymentAuthorised':
      return { ...state, authorised: event.data };
    case 'PaymentDeclined':
      return { ...state, declined: event.data };
    case 'PaymentCaptured':
      return { ...state, captured: event.data };
    case 'PaymentRefunded': {
      const { refundId, amount } = event.data;
      return {
        ...state,
        refundedAmount: state.refundedAmount + amount,
        refunds: state.refunds.set(refundId, amount),
      };
    }
  }
};

// -------------------------------------------------------------------------------------
// Decisions
// -------------------------------------------------------------------------------------

const decide = (command: PaymentCommand, state: PaymentState): Decision<PaymentEvent> => {
  switch (command.type) {
    case 'authorise':
      return decideAuthorise(command, state);
    case 'decline':
      return decideDecline(command, state);
    case 'capture':
      return decideCapture(command, state);
    case 'refund':
      return decideRefund(command, state);
  }
};

const decideAuthorise = (
  { id, data }: PaymentCommandNamed<'authorise'>,
  { authorised, declined }: PaymentState,
): Decision<PaymentEvent> => {
  if (authorised !== undefined) return isSameAuthorisation(authorised, data) ? nothingToChange : rejectAuthorised(id);
  if (declined !== undefined) return rejectDeclined(id);
  if (data.amount === 0) return rejectWithoutAmount(id);
  const { method, ...rest } = data;
  return accept(PaymentAuthorised.of({ paymentId: id, ...rest, ...splitMethod(method) }));
};

const decideDecline = (
  { id, data }: PaymentCommandNamed<'decline'>,
  { authorised, declined, captured }: PaymentState,
): Decision<PaymentEvent> => {
  if (declined !== undefined) return isSamePayment(declined, data) ? nothingToChange : rejectDeclined(id);
  if (captured !== undefined)
    return reject('PaymentAlreadyCaptured', `The money of payment ${id} was collected: refund it instead.`);
  if (authorised !== undefined && !isSamePayment(authorised, data)) return rejectAuthorised(id);
  if (data.amount === 0) return rejectWithoutAmount(id);
  return accept(PaymentDeclined.of({ paymentId: id, ...data }));
};

const decideCapture = (
  { id, data: { capturedAt } }: PaymentCommandNamed<'capture'>,
  { authorised, declined, captured }: PaymentState,
): Decision<PaymentEvent> => {
  if (captured !== undefined) return nothingToChange;
  if (declined !== undefined) return rejectDeclined(id);
  if (authorised === undefined)
    return reject('PaymentNotAuthorised', `Payment ${id} is not authorised: authorise it before its capture.`);
  const { orderId, currency, amount } = authorised;
  return accept(PaymentCaptured.of({ paymentId: id, orderId, currency, amount, capturedAt }));
};

const decideRefund = (
  { id, data: { refundId, amount, refundedAt } }: PaymentCommandNamed<'refund'>,
  { captured, refundedAmount, refunds }: PaymentState,
): Decision<PaymentEvent> => {
  if (captured === undefined)
    return reject('PaymentNotCaptured', `No money of payment ${id} was collected: there is nothing to refund.`);
  const known = refunds.get(refundId);
  if (known !== undefined && (amount === undefined || amount === known)) return nothingToChange;
  if (known !== undefined)
    return reject('RefundAlreadyMade', `Refund ${refundId} of payment ${id} was made with the amount ${known}.`);
  if (amount === 0)
    return reject('RefundWithoutAmount', `Refund ${refundId} of payment ${id} needs an amount above 0.`);
  const remaining = captured.amount - refundedAmount;
  if (amount === undefined && remaining === 0) return nothingToChange;
  if (amount !== undefined && amount > remaining)
    return reject(
      'RefundExceedsCapture',
      `Refund ${refundId} asks for ${amount}, but ${remaining} of payment ${id} are left.`,
    );
  const { orderId, currency } = captured;
  return accept(
    PaymentRefunded.of({ paymentId: id, orderId, currency, refundId, amount: amount ?? remaining, refundedAt }),
  );
};

// -------------------------------------------------------------------------------------
// Helpers of the decisions
// -------------------------------------------------------------------------------------

type PaymentIdentity = Pick<Data<'PaymentAuthorised'>, 'orderId' | 'amount' | 'currency'>;

const isSamePayment = (known: PaymentIdentity, requested: PaymentIdentity): boolean =>
  known.orderId === requested.orderId && known.amount === requested.amount && known.currency === requested.currency;

const isSameAuthorisation = (
  known: Data<'PaymentAuthorised'>,
  requested: PaymentCommandNamed<'authorise'>['data'],
): boolean => {
  const { instrument, funding } = splitMethod(requested.method);
  const isSameMeans = known.instrument === instrument && known.funding === funding;
  return isSamePayment(known, requested) && isSameMeans && known.instalments === requested.instalments;
};

const rejectWithoutAmount = (id: string): Decision<never> =>
  reject('PaymentWithoutAmount', `Payment ${id} needs an amount above 0.`);

const rejectAuthorised = (id: string): Decision<never> =>
  reject(
    'PaymentAlreadyAuthorised',
    `Payment ${id} was authorised with other content: a new attempt needs its own id.`,
  );

const rejectDeclined = (id: string): Decision<never> =>
  reject('PaymentAlreadyDeclined', `Payment ${id} was declined, and that is final: a new attempt needs its own id.`);

// -------------------------------------------------------------------------------------
// The aggregate
// -------------------------------------------------------------------------------------

/** The rules of a payment. */
export const paymentDecider: Decider<PaymentCommand, PaymentState, PaymentEvent> = { decide, evolve, initialState };

/** The payment with its contracts. */
export const paymentAggregate = aggregate({
  category: 'payment',
  path: 'payments',
  meaning: 'One attempt to pay for an order, from its authorisation to the last refund.',
  topic: {
    name: 'payments',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the payment id',
      because:
        "Order is needed within one payment's life. Two payments of one order need none between them: their sum is the same " +
        'in any order.',
      concurrency: 'Four partitions let four consumers share the topic; payments have nothing to do with each other.',
      skew: 'None is expected: payments are many and alike, a handful of events each, so all partitions stay busy.',
    },
  },
  events: paymentEvents,
  commands: paymentCommands,
  decider: paymentDecider,
});
