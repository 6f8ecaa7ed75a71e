/**
 * What fulfilment knows of one order: a bag of facts that only ever grows. Each fact has its place, and the first one to
 * fill it stays; so facts from different topics may arrive in any order, and as often as they like.
 *
 * Lists are sorted by id, so that equal knowledge is equal text, whatever the order of its arrival. (Lists rather than
 * objects by id, because an article may be called `constructor`.)
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

/** The event that a fact comes from: what is caused by it is named after it. */
export interface Cause {
  readonly eventId: string;
  readonly correlationId: string;
  /** Business time, UTC. */
  readonly at: string;
}

/** What was ordered: what it takes to confirm it. */
export interface OrderFact extends Cause {
  readonly orderId: string;
  readonly currency: string;
  readonly amount: number;
  /** When the store recorded the placing: what deadlines count from. */
  readonly recordedAt: string;
  /** Each article once, with the pieces of all its lines. */
  readonly needs: ReadonlyArray<{ readonly sku: string; readonly quantity: number }>;
}

/** Pieces set aside; the id is the article's. */
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

/** A command of this process that an aggregate refused; the id is the command's. */
export interface RefusalFact {
  readonly id: string;
  readonly command: string;
  readonly aggregateId: string;
  readonly rejectionType: string;
}

/**
 * What the process has made up its mind to. It is the one place where the order of arrival counts: where one payment is
 * declined while others pay in full, whichever is learned first decides. In a replay that may be the other one; then the
 * order holds to what it was told first, for it takes no confirmation once cancelled, and no cancellation `unlessConfirmed`
 * once confirmed.
 */
export type Verdict = { readonly to: 'confirm'; readonly confirmedAt: string } | { readonly to: 'cancel' };

/** Everything known of one order. */
export interface FulfilmentState {
  readonly order: OrderFact | null;
  readonly handedOver: Cause | null;
  /** Cancelled, or declared unavailable. */
  readonly closed: Cause | null;
  readonly reservations: ReadonlyArray<ReservationFact>;
  readonly captures: ReadonlyArray<CaptureFact>;
  readonly declines: ReadonlyArray<DeclineFact>;
  readonly refusals: ReadonlyArray<RefusalFact>;
  /** The moment by which the order had to be paid, once it has passed without that. */
  readonly unpaidAt: string | null;
  readonly verdict: Verdict | null;
}

/** Nothing is known. */
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
// Learning
// -------------------------------------------------------------------------------------

/** The events that fulfilment learns from. */
export const handledEvents = [
  OrderPlaced,
  OrderHandedToCarrier,
  OrderCancelled,
  OrderDeclaredUnavailable,
  StockReserved,
  PaymentCaptured,
  PaymentDeclined,
] as const;

/** A recorded event that fulfilment learns from. */
export type HandledEvent = EventEnvelope & EventOf<(typeof handledEvents)[number]>;

const handledTypes: ReadonlySet<string> = new Set(handledEvents.map((each) => each.type));

/** Recorded events have passed the codec of their type, so the type tells the payload. */
export const isHandled = (event: RecordedEvent): event is HandledEvent => handledTypes.has(event.type);

/** The state with what the input tells, and the verdict that follows. */
export const learn = (state: FulfilmentState, input: ProcessInput): FulfilmentState => {
  const learned = learnInput(state, input);
  return { ...learned, verdict: learned.verdict ?? verdictOn(learned) };
};

const learnInput = (state: FulfilmentState, input: ProcessInput): FulfilmentState => {
  switch (input._tag) {
    case 'Event':
      return learnEvent(state, input.event);
    case 'Outcome':
      return learnOutcome(state, input.outcome);
    case 'DeadlinePassed':
      return learnDeadline(state, input.deadline);
  }
};

/** The deadline is only about payment: an order that is paid may still wait for its articles. */
const learnDeadline = (state: FulfilmentState, { dueAt }: ProcessDeadline): FulfilmentState =>
  state.order === null || isPaid(state.order, state) ? state : { ...state, unpaidAt: state.unpaidAt ?? dueAt };

const learnEvent = (state: FulfilmentState, event: RecordedEvent): FulfilmentState => {
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

/** What an aggregate accepted comes back as an event; only a refusal has no other way to be heard. */
const learnOutcome = (state: FulfilmentState, outcome: CommandOutcome): FulfilmentState => {
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

/** Articles that could not be reserved. */
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
