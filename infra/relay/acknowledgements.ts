/**
 * Collects acknowledgements, and derives the cursor: the position up to which every event is acknowledged. Partitions acknowledge
 * independently, so the highest acknowledged position alone would skip events that are still in flight.
 */
export interface Acknowledgements {
  /** Every event at or below it is acknowledged. */
  readonly cursor: () => number;
  /** The number of positions sent beyond the cursor. */
  readonly outstanding: () => number;
  /** Whether another event may be sent. */
  readonly hasRoom: () => boolean;
  /** Records that the next position is in flight, with its bytes. Positions have to be consecutive. */
  readonly sent: (position: number, bytes?: number) => void;
  /** Records an acknowledgement; they may come in any order. */
  readonly acknowledged: (position: number) => void;
}

/** Starts after `startCursor`, with at most `window` events in flight, and no further one once `windowBytes` are in flight. */
export const acknowledgements = (startCursor: number, window: number, windowBytes = Infinity): Acknowledgements => {
  // A ring buffer: positions are gapless, so the index of a position is its remainder.
  const isAcknowledged = new Uint8Array(window + 1);
  const bytesOf = new Float64Array(window + 1);
  const placeOf = (position: number): number => position % isAcknowledged.length;
  let cursor = startCursor;
  let last = startCursor;
  let bytesInFlight = 0;
  return {
    cursor: () => cursor,
    outstanding: () => last - cursor,
    hasRoom: () => last - cursor < window && bytesInFlight < windowBytes,
    sent: (position, bytes = 0) => {
      if (position !== last + 1) throw new Error(`position ${position} was sent after ${last}: positions have no gaps`);
      last = position;
      isAcknowledged[placeOf(position)] = 0;
      bytesOf[placeOf(position)] = bytes;
      bytesInFlight += bytes;
    },
    acknowledged: (position) => {
      // A late report of a position that the cursor has passed changes nothing.
      if (position <= cursor || position > last) return;
      const place = placeOf(position);
      if (isAcknowledged[place] === 0) bytesInFlight -= bytesOf[place] ?? 0;
      isAcknowledged[place] = 1;
      while (cursor < last && isAcknowledged[placeOf(cursor + 1)] === 1) cursor += 1;
    },
  };
};
