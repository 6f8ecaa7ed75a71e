/**
 * What fulfilment knows about one order: a set of facts that only grows. Each fact has one place, and the first one to
 * fill it stays. So facts from different topics may arrive in any order and any number of times.
 *
 * Lists are sorted by id, so that equal knowledge is equal text, in whatever order it arrived. (Lists rather than objects
 * by id, because an article may be called `constructor`.)
 *
 * Storage format, version with care: a change of shape needs a new version of the process manager.
 */
import type { EventOf } from '../kernel/event-definition';
import type { CommandOutcome, ProcessDeadline, ProcessInput } from '../kernel/process-manager';
import type { EventEnvelope, RecordedEvent } from '../kernel/recorded-event';
import { latestOf } from '../kernel/values';
import { OrderCancelled, OrderDeclaredUnavailable, OrderHandedToCarrier, OrderPlaced } from '../order/events';
import { quantitiesBySku } from '../order/line';
import { PaymentCaptured, PaymentDeclined } from '../payment/events';
import { StockReserved } from '../stock/events';

// -------------------------------------------------------------------------------------
// State
// -------------------------------------------------------------------------------------

/** The event that a fact comes from: commands that it causes carry its id. */
export interface Cause {
  readonly eventId: string;
  readonly correlationId: string;
  /** Business time, UTC. */
  readonly at: string;
}

/** What was ordered, and so has to be reserved and paid before the order is confirmed. */
export interface OrderFact extends Cause {
  readonly orderId: string;
  readonly currency: string;
  readonly amount: number;
  /** When the store recorded the placing; deadlines are counted from it. */
  readonly recordedAt: string;
  /** Each article once, with its total quantity. */
  readonly needs: ReadonlyArray<{ readonly sku: string; readonly quantity: number }>;
}

/** Reserved pieces; the id is the article's. */
export interface ReservationFact extends Cause {
  readonly id: string;
  readonly quantity: number;
}

/** Money collected; the id is the payment's. */
export interface CaptureFact extends Cause {
  readonly id: string;
  readonly currency: string;
  readonly amount: number;
}

/** A payment that will not happen; the id is the payment's. */
export interface DeclineFact extends Cause {
  readonly id: string;
}

/** A command of this process that an aggregate rejected; the id is the command's. */
export interface RefusalFact {
  readonly id: string;
  readonly command: string;
  readonly aggregateId: string;
  readonly rejectionType: string;
}

/**
 * Whether the process confirms or cancels the order. Only here does the sequence of arrival matter: if one payment is
 * declined while others pay in full, the one that arrives first decides. In a replay that may be the other one. The order
 * then keeps its first outcome: once cancelled it rejects a confirmation, and once confirmed a cancellation
 * `unlessConfirmed`.
 */
export type Verdict = { readonly to: 'confirm'; readonly confirmedAt: string } | { readonly to: 'cancel' };

/** Everything known about one order. */
export interface FulfilmentState {
  readonly order: OrderFact | null;
  readonly handedOver: Cause | null;
  /** Cancelled, or declared unavailable. */
  readonly closed: Cause | null;
  readonly reservations: ReadonlyArray<ReservationFact>;
  readonly captures: ReadonlyArray<CaptureFact>;
  readonly declines: ReadonlyArray<DeclineFact>;
  readonly refusals: ReadonlyArray<RefusalFact>;
  /** The payment deadline, once it has passed without full payment. */
  readonly unpaidAt: string | null;
  readonly verdict: Verdict | null;
}

/** The state before any input. */
export const nothingKnown: FulfilmentState = {
  order: null,
  handedOver: null,
  closed: null,
  reservations: [],
  captures: [],
  declines: [],
  refusals: [],
  unpaidAt: null,
  verdict: null,
};

// -------------------------------------------------------------------------------------
// Applying inputs
// -------------------------------------------------------------------------------------

/** The events that fulfilment handles. */
export const handledEvents = [
  OrderPlaced,
  OrderHandedToCarrier,
  OrderCancelled,
  OrderDeclaredUnavailable,
  StockReserved,
  PaymentCaptured,
  PaymentDeclined,
] as const;

/** A recorded event that fulfilment handles. */
export type HandledEvent = EventEnvelope & EventOf<(typeof handledEvents)[number]>;

const handledTypes: ReadonlySet<string> = new Set(handledEvents.map((each) => each.type));

/** Whether fulfilment handles the event. A recorded event has passed its type's codec, so the type determines the payload. */
export const isHandled = (event: RecordedEvent): event is HandledEvent => handledTypes.has(event.type);

/** The state with the facts of the input, and the verdict that follows from them. */
export const applyInput = (state: FulfilmentState, input: ProcessInput): FulfilmentState => {
  const next = withFacts(state, input);
  return { ...next, verdict: next.verdict ?? verdictOn(next) };
};

const withFacts = (state: FulfilmentState, input: ProcessInput): FulfilmentState => {
  switch (input._tag) {
    case 'Event':
      return applyEvent(state, input.event);
    case 'Outcome':
      return applyOutcome(state, input.outcome);
    case 'DeadlinePassed':
      return applyDeadline(state, input.deadline);
  }
};

/** The deadline is only about payment: an order that is paid may still wait for its articles. */
const applyDeadline = (state: FulfilmentState, { dueAt }: ProcessDeadline): FulfilmentState =>
  state.order === null || isPaid(state.order, state) ? state : { ...state, unpaidAt: state.unpaidAt ?? dueAt };

const applyEvent = (state: FulfilmentState, event: RecordedEvent): FulfilmentState => {
  if (!isHandled(event)) return state;
  switch (event.type) {
    case 'OrderPlaced':
      return { ...state, order: state.order ?? orderFactOf(event, event.data) };
    case 'OrderHandedToCarrier':
      return { ...state, handedOver: state.handedOver ?? causeOf(event, event.data.handedOverAt) };
    case 'OrderCancelled':
      return { ...state, closed: state.closed ?? causeOf(event, event.data.cancelledAt) };
    case 'OrderDeclaredUnavailable':
      return { ...state, closed: state.closed ?? causeOf(event, event.data.declaredAt) };
    case 'StockReserved': {
      const { sku, quantity, reservedAt } = event.data;
      return {
        ...state,
        reservations: withFact(state.reservations, { id: sku, quantity, ...causeOf(event, reservedAt) }),
      };
    }
    case 'PaymentCaptured': {
      const { paymentId, currency, amount, capturedAt } = event.data;
      const capture = { id: paymentId, currency, amount, ...causeOf(event, capturedAt) };
      return { ...state, captures: withFact(state.captures, capture) };
    }
    case 'PaymentDeclined':
      return {
        ...state,
        declines: withFact(state.declines, { id: event.data.paymentId, ...causeOf(event, event.data.declinedAt) }),
      };
  }
};

/** An accepted command comes back as an event; a rejection is known only from the outcome. */
const applyOutcome = (state: FulfilmentState, outcome: CommandOutcome): FulfilmentState => {
  if (outcome._tag === 'Accepted') return state;
  const { command, rejectionType } = outcome;
  const refusal = { id: command.id, command: command.type, aggregateId: command.aggregateId, rejectionType };
  return { ...state, refusals: withFact(state.refusals, refusal) };
};

const causeOf = (event: EventEnvelope, at: string): Cause => ({
  eventId: event.id,
  correlationId: event.correlationId,
  at,
});

const orderFactOf = (event: EventEnvelope, data: EventOf<typeof OrderPlaced>['data']): OrderFact => ({
  ...causeOf(event, data.placedAt),
  orderId: data.orderId,
  recordedAt: event.recordedAt,
  currency: data.currency,
  amount: data.amount,
  needs: [...quantitiesBySku(data.lines)].map(([sku, quantity]) => ({ sku, quantity })),
});

const withFact = <Fact extends { readonly id: string }>(facts: ReadonlyArray<Fact>, fact: Fact): ReadonlyArray<Fact> =>
  facts.some(({ id }) => id === fact.id)
    ? facts
    : [...facts, fact].sort((left, right) => (left.id < right.id ? -1 : 1));

// -------------------------------------------------------------------------------------
// The verdict
// -------------------------------------------------------------------------------------

/** The rejected reservations. */
export const refusedReservations = (state: FulfilmentState): ReadonlyArray<RefusalFact> =>
  state.refusals.filter(({ command }) => command === 'reserve');

const verdictOn = (state: FulfilmentState): Verdict | null => {
  const { order, closed } = state;
  if (order === null || closed !== null) return null;
  if (refusedReservations(state).length > 0 || state.declines.length > 0 || state.unpaidAt !== null) {
    return { to: 'cancel' };
  }
  const reservations = reservationsFor(order, state.reservations);
  const captures = capturesFor(order, state.captures);
  if (reservations.length < order.needs.length || !isPaid(order, state)) return null;
  return { to: 'confirm', confirmedAt: latestOf(order.at, ...[...reservations, ...captures].map(({ at }) => at)) };
};

const reservationsFor = (
  { needs }: OrderFact,
  reservations: ReadonlyArray<ReservationFact>,
): ReadonlyArray<ReservationFact> =>
  reservations.filter(({ id, quantity }) => needs.some((need) => need.sku === id && need.quantity === quantity));

/** Money in another currency does not pay an order. */
const capturesFor = ({ currency }: OrderFact, captures: ReadonlyArray<CaptureFact>): ReadonlyArray<CaptureFact> =>
  captures.filter((capture) => capture.currency === currency);

const isPaid = (order: OrderFact, { captures }: FulfilmentState): boolean =>
  sumOf(capturesFor(order, captures)) >= order.amount;

const sumOf = (captures: ReadonlyArray<CaptureFact>): number => captures.reduce((sum, { amount }) => sum + amount, 0);
