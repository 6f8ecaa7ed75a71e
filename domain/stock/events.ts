/** What happens to the stock of an article. Stored and published shapes: change them with a new schema version only. */
import { field } from '../kernel/codec';
import { defineEvent, type EventOf } from '../kernel/event-definition';
import { Identifier, Instant, Quantity } from '../kernel/values';

const sku = field(Identifier, 'The article, by its stock keeping unit.');

export const StockReceived = defineEvent('StockReceived', {
  schemaVersion: 1,
  meaning: 'Pieces of an article came into the warehouse: as many more are on hand.',
  fields: {
    sku,
    receiptId: field(Identifier, 'The goods receipt; one receipt counts once.'),
    quantity: field(Quantity, 'How many pieces came in.'),
    receivedAt: field(Instant, 'When they came in; business time, UTC.'),
  },
});

export const StockReserved = defineEvent('StockReserved', {
  schemaVersion: 1,
  meaning: 'Pieces on hand were set aside for an order: as many fewer are available to others.',
  fields: {
    sku,
    orderId: field(Identifier, 'The order that the pieces are set aside for.'),
    quantity: field(Quantity, 'How many pieces were set aside.'),
    reservedAt: field(Instant, 'When they were set aside; business time, UTC.'),
  },
});

export const StockReleased = defineEvent('StockReleased', {
  schemaVersion: 1,
  meaning: 'The reservation for an order ended without dispatch: its pieces are available again.',
  fields: {
    sku,
    orderId: field(Identifier, 'The order whose reservation ended.'),
    quantity: field(Quantity, 'How many pieces became available again: all that were set aside.'),
    releasedAt: field(Instant, 'When the reservation ended; business time, UTC.'),
  },
});

export const StockDispatched = defineEvent('StockDispatched', {
  schemaVersion: 1,
  meaning: 'The pieces set aside for an order left the warehouse: as many fewer are on hand and reserved.',
  fields: {
    sku,
    orderId: field(Identifier, 'The order that the pieces left for.'),
    quantity: field(Quantity, 'How many pieces left: all that were set aside.'),
    dispatchedAt: field(Instant, 'When they left; business time, UTC.'),
  },
});

/** Every event of stock. */
export const stockEvents = [StockReceived, StockReserved, StockReleased, StockDispatched] as const;

/** Any event of stock. */
export type StockEvent = EventOf<(typeof stockEvents)[number]>;
