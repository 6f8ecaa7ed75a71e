/**
 * Acknowledgements as they come, and the one number that may be saved: the position up to which everything is acknowledged.
 * Partitions acknowledge independently, so a global maximum would step over events that are still on their way.
 */
export interface Acknowledgements {
  /** Everything at or below it is acknowledged. */
  readonly cursor: () => number;
  /** Sent, and not acknowledged without a gap. */
  readonly outstanding: () => number;
  /** Whether another event may be on its way. */
  readonly hasRoom: () => boolean;
  /** The next position is on its way, with so many bytes; positions come one after another, without gaps. */
  readonly sent: (position: number, bytes?: number) => void;
  /** In any order. */
  readonly acknowledged: (position: number) => void;
}

/** Starts behind `cursor`, with at most `window` events on their way, and at most one more than `windowBytes` allow. */
export const acknowledgements = (startCursor: number, window: number, windowBytes = Infinity): Acknowledgements => {
  // A ring: positions are gapless, so a position's place is its remainder.
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
      // A late report of something that is behind the cursor already changes nothing.
      if (position <= cursor || position > last) return;
      const place = placeOf(position);
      if (isAcknowledged[place] === 0) bytesInFlight -= bytesOf[place] ?? 0;
      isAcknowledged[place] = 1;
      while (cursor < last && isAcknowledged[placeOf(cursor + 1)] === 1) cursor += 1;
    },
  };
};
