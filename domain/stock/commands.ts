/** The commands of an article's stock; the id in the path is its stock keeping unit. */
import { field, optionalField } from '../kernel/codec';
import { defineCommand, type CommandOf } from '../kernel/command-definition';
import { Identifier, Instant, Quantity } from '../kernel/values';
import { StockOrigin } from './events';

export const receive = defineCommand('receive', {
  meaning: 'Books pieces that came into the warehouse. The same receipt again changes nothing.',
  fields: {
    receiptId: field(Identifier, 'The goods receipt, so that it counts once.'),
    quantity: field(Quantity, 'How many pieces came in.'),
    receivedAt: field(Instant, 'When they came in; business time, UTC.'),
    origin: optionalField(StockOrigin, 'Where they came from; left out means a supplier.'),
  },
  example: { receiptId: 'receipt-1', quantity: 100, receivedAt: '2017-07-01T06:00:00Z' },
});

export const reserve = defineCommand('reserve', {
  meaning: 'Sets pieces aside for an order, once. The same reservation again changes nothing.',
  fields: {
    orderId: field(Identifier, 'The order that the pieces are for.'),
    quantity: field(Quantity, 'How many pieces the order needs, all its lines together.'),
    reservedAt: field(Instant, 'When they were set aside; business time, UTC.'),
  },
  example: { orderId: 'o1', quantity: 2, reservedAt: '2017-07-09T21:57:05Z' },
});

export const release = defineCommand('release', {
  meaning: 'Ends the reservation of an order without dispatch. Where there is none, nothing has to change.',
  fields: {
    orderId: field(Identifier, 'The order that no longer needs its pieces.'),
    releasedAt: field(Instant, 'When the reservation ended; business time, UTC.'),
  },
  example: { orderId: 'o1', releasedAt: '2017-07-10T08:00:00Z' },
});

export const dispatch = defineCommand('dispatch', {
  meaning: 'Reports that the pieces set aside for an order left the warehouse.',
  fields: {
    orderId: field(Identifier, 'The order that the pieces left for.'),
    dispatchedAt: field(Instant, 'When they left; business time, UTC.'),
  },
  example: { orderId: 'o1', dispatchedAt: '2017-07-11T14:58:04Z' },
});

/** Every command of stock. */
export const stockCommands = [receive, reserve, release, dispatch] as const;

/** Any command for stock. */
export type StockCommand = CommandOf<(typeof stockCommands)[number]>;

/** One command for stock by its name. */
export type StockCommandNamed<Type extends StockCommand['type']> = Extract<StockCommand, { readonly type: Type }>;
