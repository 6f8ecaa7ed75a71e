/**
 * The stock of one article: pieces on hand, and those of them that are reserved for orders. The available quantity is
 * never negative.
 *
 * A receipt and a reservation happen once, whatever business time a repeat names. Business times are not compared: they
 * come from people and scanners that report in any sequence, and no rule of stock depends on them.
 */
import { aggregate, type SnapshotCodec } from '../kernel/aggregate';
import { accept, nothingToChange, reject, type Decider, type Decision } from '../kernel/decider';
import { PersistentMap } from '../kernel/persistent-map';
import { stockCommands, type StockCommand, type StockCommandNamed } from './commands';
import {
  StockDispatched,
  stockEvents,
  StockReceived,
  StockReservationReleased,
  StockReserved,
  type StockEvent,
} from './events';

// -------------------------------------------------------------------------------------
// State
// -------------------------------------------------------------------------------------

/** An order's reservation; an ended one is remembered, so that a late repeat does not create it again. */
export interface Reservation {
  readonly quantity: number;
  readonly status: 'reserved' | 'released' | 'dispatched';
}

/** The stock of an article. */
export interface StockState {
  readonly onHand: number;
  /** How many of those on hand are reserved. */
  readonly reserved: number;
  /** Receipt id to quantity. */
  readonly receipts: PersistentMap<number>;
  /** Order id to reservation. */
  readonly reservations: PersistentMap<Reservation>;
}

const initialState: StockState = {
  onHand: 0,
  reserved: 0,
  receipts: PersistentMap.empty(),
  reservations: PersistentMap.empty(),
};

const evolve = (state: StockState, event: StockEvent): StockState => {
  const { quantity } = event.data;
  switch (event.type) {
    case 'StockReceived': {
      const receipts = state.receipts.set(event.data.receiptId, quantity);
      return { ...state, onHand: state.onHand + quantity, receipts };
    }
    case 'StockReserved':
      return withReservation(state, event, 'reserved', { onHand: 0, reserved: quantity });
    case 'StockReservationReleased':
      return withReservation(state, event, 'released', { onHand: 0, reserved: -quantity });
    case 'StockDispatched':
      return withReservation(state, event, 'dispatched', { onHand: -quantity, reserved: -quantity });
  }
};

const withReservation = (
  state: StockState,
  { data: { orderId, quantity } }: Exclude<StockEvent, { readonly type: 'StockReceived' }>,
  status: Reservation['status'],
  moved: { readonly onHand: number; readonly reserved: number },
): StockState => ({
  ...state,
  onHand: state.onHand + moved.onHand,
  reserved: state.reserved + moved.reserved,
  reservations: state.reservations.set(orderId, { quantity, status }),
});

// -------------------------------------------------------------------------------------
// Decisions
// -------------------------------------------------------------------------------------

const decide = (command: StockCommand, state: StockState): Decision<StockEvent> => {
  switch (command.type) {
    case 'receive':
      return decideReceive(command, state);
    case 'reserve':
      return decideReserve(command, state);
    case 'release':
      return decideRelease(command, state);
    case 'dispatch':
      return decideDispatch(command, state);
  }
};

const decideReceive = ({ id, data }: StockCommandNamed<'receive'>, state: StockState): Decision<StockEvent> => {
  const received = state.receipts.get(data.receiptId);
  if (received === undefined) return decideNewReceipt(id, data, state);
  if (received === data.quantity) return nothingToChange;
  return reject(
    'ReceiptAlreadyBooked',
    `Receipt ${data.receiptId} of ${id} was booked with ${received} pieces: book the difference under its own receipt.`,
  );
};

/** Rejects a receipt whose sum would exceed the safe integers and be silently wrong. */
const decideNewReceipt = (
  sku: string,
  data: StockCommandNamed<'receive'>['data'],
  { onHand }: StockState,
): Decision<StockEvent> => {
  if (Number.isSafeInteger(onHand + data.quantity))
    return accept(StockReceived.of({ sku, origin: 'supplier', ...data }));
  return reject(
    'StockTooLarge',
    `${onHand} of ${sku} are on hand: with ${data.quantity} more they would be more than ${Number.MAX_SAFE_INTEGER}.`,
  );
};

const decideReserve = ({ id, data }: StockCommandNamed<'reserve'>, state: StockState): Decision<StockEvent> => {
  const known = state.reservations.get(data.orderId);
  if (known !== undefined) return decideReserveAgain(id, data, known);
  const available = state.onHand - state.reserved;
  if (data.quantity > available)
    return reject(
      'StockNotAvailable',
      `Order ${data.orderId} needs ${data.quantity} of ${id}, but ${available} are available: receive more first.`,
    );
  return accept(StockReserved.of({ sku: id, ...data }));
};

const decideReserveAgain = (
  sku: string,
  { orderId, quantity }: StockCommandNamed<'reserve'>['data'],
  known: Reservation,
): Decision<StockEvent> => {
  // A success would claim that pieces are reserved, and they are not; a new reservation would be for an order that ended.
  if (known.status === 'released') return rejectReleased(sku, orderId);
  if (known.quantity === quantity) return nothingToChange;
  return reject(
    'StockAlreadyReserved',
    `Order ${orderId} has its reservation of ${known.quantity} of ${sku}: another quantity needs another order.`,
  );
};

const decideRelease = ({ id, data }: StockCommandNamed<'release'>, state: StockState): Decision<StockEvent> => {
  const known = state.reservations.get(data.orderId);
  switch (known?.status) {
    case undefined:
    case 'released':
      return nothingToChange;
    case 'dispatched':
      return reject(
        'StockAlreadyDispatched',
        `The ${known.quantity} of ${id} for order ${data.orderId} left the warehouse: receive them when they come back.`,
      );
    case 'reserved':
      return accept(StockReservationReleased.of({ sku: id, quantity: known.quantity, ...data }));
  }
};

const decideDispatch = ({ id, data }: StockCommandNamed<'dispatch'>, state: StockState): Decision<StockEvent> => {
  const known = state.reservations.get(data.orderId);
  switch (known?.status) {
    case undefined:
      return reject('StockNotReserved', `No ${id} is reserved for order ${data.orderId}: reserve it first.`);
    case 'released':
      return rejectReleased(id, data.orderId);
    case 'dispatched':
      return nothingToChange;
    case 'reserved':
      return accept(StockDispatched.of({ sku: id, quantity: known.quantity, ...data }));
  }
};

const rejectReleased = (sku: string, orderId: string): Decision<never> =>
  reject(
    'ReservationAlreadyReleased',
    `The reservation of ${sku} for order ${orderId} was released, and that is final.`,
  );

// -------------------------------------------------------------------------------------
// The aggregate
// -------------------------------------------------------------------------------------

/** The stored format of a snapshot; its version changes when `evolve` yields another state. */
interface StoredStock {
  readonly onHand: number;
  readonly reserved: number;
  readonly receipts: ReadonlyArray<readonly [string, number]>;
  readonly reservations: ReadonlyArray<readonly [string, number, Reservation['status']]>;
}

/** How snapshots of the state are stored. */
export const stockSnapshot: SnapshotCodec<StockState> = {
  version: 1,
  encode: ({ onHand, reserved, receipts, reservations }): StoredStock => ({
    onHand,
    reserved,
    receipts: receipts.entries(),
    reservations: reservations.entries().map(([order, { quantity, status }]) => [order, quantity, status] as const),
  }),
  decode: (json) => {
    // Made by `encode` above, under the same version.
    const { onHand, reserved, receipts, reservations } = json as StoredStock;
    return {
      onHand,
      reserved,
      receipts: PersistentMap.of(receipts),
      reservations: PersistentMap.of(reservations.map(([order, quantity, status]) => [order, { quantity, status }])),
    };
  },
};

/** The rules of stock. */
export const stockDecider: Decider<StockCommand, StockState, StockEvent> = { decide, evolve, initialState };

/** The stock of an article with its contracts. */
export const stockAggregate = aggregate({
  category: 'stock',
  path: 'stock',
  meaning: 'The pieces of one article: on hand, reserved for orders, dispatched.',
  topic: {
    name: 'stock',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the stock keeping unit',
      because: 'Quantities of one article only add up in order; articles have nothing to do with each other.',
      concurrency:
        'Four partitions let four consumers share the topic; all movements of one article are one after another.',
      skew: 'It is real here: a much-wanted article is one key and stays in one partition, however many there are.',
    },
  },
  events: stockEvents,
  commands: stockCommands,
  decider: stockDecider,
  // A popular article has a long stream.
  snapshot: stockSnapshot,
});
