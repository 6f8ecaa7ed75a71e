/** One row per article: the pieces on hand, and how many of them are available. */
import {
  StockDispatched,
  StockReceived,
  StockReservationReleased,
  StockReserved,
  type StockEvent,
} from '../../domain/stock/events';
import { defineProjection, integer, text } from '../projection';

export const stockLevel = defineProjection({
  name: 'stock-level',
  version: 1,
  meaning: 'One row per article: its pieces on hand, reserved for orders, and available.',
  view: {
    key: { sku: text('The article, by its stock keeping unit.') },
    columns: {
      onHand: integer('How many pieces are in the warehouse.'),
      reserved: integer('How many of them are reserved for orders.'),
      available: integer('How many of them are free: on hand less reserved.'),
      version: integer("The version of the article's last event in this row."),
    },
  },
  handles: [StockReceived, StockReserved, StockReservationReleased, StockDispatched],
  project: ({ type, version, data }) => {
    const { onHand, reserved } = movement(type, data.quantity);
    return [{ key: { sku: data.sku }, version, add: { onHand, reserved, available: onHand - reserved } }];
  },
});

const movement = (
  type: StockEvent['type'],
  quantity: number,
): { readonly onHand: number; readonly reserved: number } => {
  switch (type) {
    case 'StockReceived':
      return { onHand: quantity, reserved: 0 };
    case 'StockReserved':
      return { onHand: 0, reserved: quantity };
    case 'StockReservationReleased':
      return { onHand: 0, reserved: -quantity };
    case 'StockDispatched':
      return { onHand: -quantity, reserved: -quantity };
  }
};
