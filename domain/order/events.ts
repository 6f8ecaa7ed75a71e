/** The events of an order. Stored and published shapes: change them with a new schema version only. */
import { field } from '../kernel/codec';
import { defineEvent, type EventOf } from '../kernel/event-definition';
import { Amount, Currency, Identifier, Instant, listOf, Text } from '../kernel/values';
import { OrderLine } from './line';

/** Common to every event of an order. */
const contract = { owner: 'order desk', schemaVersion: 1, since: '2026-11-24' };

/**
 * Part of every event of an order, so that a consumer of the topic can count and sum by customer, currency and day of
 * placing from any single event.
 */
const orderFacts = {
  orderId: field(Identifier, 'The order.'),
  customerId: field(Identifier, 'The customer who placed the order.'),
  currency: field(Currency, 'The currency of every amount of the order, ISO 4217.'),
  amount: field(Amount, 'What the whole order costs, goods and freight, in minor units of the currency.'),
  placedAt: field(Instant, 'When the customer placed the order; business time, UTC.'),
};

export const OrderPlaced = defineEvent('OrderPlaced', {
  ...contract,
  meaning: 'A customer ordered these articles at these prices; nothing is reserved or paid yet.',
  fields: {
    ...orderFacts,
    lines: field(listOf(OrderLine), 'What was ordered, at least one line; one article may stand in several lines.'),
  },
});

export const OrderConfirmed = defineEvent('OrderConfirmed', {
  ...contract,
  meaning: 'The seller is bound to the order: its goods are reserved and its amount is paid.',
  fields: {
    ...orderFacts,
    confirmedAt: field(Instant, 'When the order was confirmed; business time, UTC.'),
  },
});

export const OrderHandedToCarrier = defineEvent('OrderHandedToCarrier', {
  ...contract,
  meaning: 'The goods of the order left the warehouse with a carrier.',
  fields: {
    ...orderFacts,
    handedOverAt: field(Instant, 'When the carrier took the goods over; business time, UTC.'),
  },
});

export const OrderDelivered = defineEvent('OrderDelivered', {
  ...contract,
  meaning: 'The customer received the goods.',
  fields: {
    ...orderFacts,
    deliveredAt: field(Instant, 'When the customer received the goods; business time, UTC.'),
  },
});

export const OrderCancelled = defineEvent('OrderCancelled', {
  ...contract,
  meaning: 'The order was called off before it was delivered: reservations end and payments go back.',
  fields: {
    ...orderFacts,
    reason: field(Text, 'Why the order was called off, for people.'),
    cancelledAt: field(Instant, 'When the order was called off; business time, UTC.'),
  },
});

export const OrderDeclaredUnavailable = defineEvent('OrderDeclaredUnavailable', {
  ...contract,
  meaning: 'The seller cannot supply the order: reservations end and payments go back.',
  fields: {
    ...orderFacts,
    reason: field(Text, 'Why the order cannot be supplied, for people.'),
    declaredAt: field(Instant, 'When the seller said so; business time, UTC.'),
  },
});

/** Every event of an order, in lifecycle order. */
export const orderEvents = [
  OrderPlaced,
  OrderConfirmed,
  OrderHandedToCarrier,
  OrderDelivered,
  OrderCancelled,
  OrderDeclaredUnavailable,
] as const;

/** Any event of an order. */
export type OrderEvent = EventOf<(typeof orderEvents)[number]>;

/** The payload of {@link OrderPlaced}. */
export type OrderPlacedData = EventOf<typeof OrderPlaced>['data'];
