/** The events of an article's stock. Stored and published shapes: change them with a new schema version only. */
import { field } from '../kernel/codec';
import { defineEvent, earlierVersion, type EventOf } from '../kernel/event-definition';
import { Identifier, Instant, oneOf, Quantity } from '../kernel/values';

const sku = field(Identifier, 'The article, by its stock keeping unit.');

/** Common to every event of stock. */
const contract = { owner: 'warehouse', since: '2026-11-24' };

/** Where pieces come from. */
export const StockOrigin = oneOf({ supplier: null, 'customer-return': null });

const receivedFieldsV1 = {
  sku,
  receiptId: field(Identifier, 'The goods receipt; one receipt counts once.'),
  quantity: field(Quantity, 'How many pieces came in.'),
  receivedAt: field(Instant, 'When they came in; business time, UTC.'),
};

const receivedFields = {
  ...receivedFieldsV1,
  origin: field(StockOrigin, 'Where the pieces came from: bought from a supplier, or sent back by a customer.'),
};

export const StockReceived = defineEvent('StockReceived', {
  ...contract,
  schemaVersion: 2,
  meaning: 'Pieces of an article came into the warehouse: as many more are on hand.',
  fields: receivedFields,
  earlier: [
    earlierVersion({
      type: 'StockReceived',
      schemaVersion: 1,
      since: '2026-11-24',
      deprecated: '2026-11-24',
      sunset: '2027-05-24',
      meaning: 'Pieces of an article came into the warehouse: as many more are on hand.',
      fields: receivedFieldsV1,
      next: receivedFields,
      // Returns were not booked as receipts before version 2.
      upcast: (data) => ({ ...data, origin: 'supplier' as const }),
      downcast: ({ origin, ...data }) => (origin === 'supplier' ? data : undefined),
    }),
  ],
});

export const StockReserved = defineEvent('StockReserved', {
  ...contract,
  schemaVersion: 1,
  meaning: 'Pieces on hand were set aside for an order: as many fewer are available to others.',
  fields: {
    sku,
    orderId: field(Identifier, 'The order that the pieces are set aside for.'),
    quantity: field(Quantity, 'How many pieces were set aside.'),
    reservedAt: field(Instant, 'When they were set aside; business time, UTC.'),
  },
});

const releasedFields = {
  sku,
  orderId: field(Identifier, 'The order whose reservation ended.'),
  quantity: field(Quantity, 'How many pieces became available again: all that were set aside.'),
  releasedAt: field(Instant, 'When the reservation ended; business time, UTC.'),
};

/** Formerly `StockReleased`, which many readers misunderstood as goods leaving the warehouse. */
export const StockReservationReleased = defineEvent('StockReservationReleased', {
  ...contract,
  schemaVersion: 2,
  meaning: 'The reservation for an order ended without dispatch: its pieces are available again.',
  fields: releasedFields,
  earlier: [
    earlierVersion({
      type: 'StockReleased',
      schemaVersion: 1,
      since: '2026-11-24',
      deprecated: '2026-11-24',
      sunset: '2027-05-24',
      meaning: 'The reservation for an order ended without dispatch: its pieces are available again.',
      fields: releasedFields,
      next: releasedFields,
      upcast: (data) => ({ ...data }),
      downcast: (data) => ({ ...data }),
    }),
  ],
});

export const StockDispatched = defineEvent('StockDispatched', {
  ...contract,
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
export const stockEvents = [StockReceived, StockReserved, StockReservationReleased, StockDispatched] as const;

/** Any event of stock. */
export type StockEvent = EventOf<(typeof stockEvents)[number]>;
