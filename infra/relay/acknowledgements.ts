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
  /** The next position is on its way; positions come one after another, without gaps. */
  readonly sent: (position: number) => void;
  /** In any order. */
  readonly acknowledged: (position: number) => void;
}

/** Starts behind `cursor`, with at most `window` events on their way. */
export const acknowledgements = (startCursor: number, window: number): Acknowledgements => {
  // A ring: positions are gapless, so a position's place is its remainder.
  const isAcknowledged = new Uint8Array(window + 1);
  const placeOf = (position: number): number => position % isAcknowledged.length;
  let cursor = startCursor;
  let last = startCursor;
  return {
    cursor: () => cursor,
    outstanding: () => last - cursor,
    hasRoom: () => last - cursor < window,
    sent: (position) => {
      if (position !== last + 1) throw new Error(`position ${position} was sent after ${last}: positions have no gaps`);
      last = position;
      isAcknowledged[placeOf(position)] = 0;
    },
    acknowledged: (position) => {
      // A late report of something that is behind the cursor already changes nothing.
      if (position <= cursor || position > last) return;
      isAcknowledged[placeOf(position)] = 1;
      while (cursor < last && isAcknowledged[placeOf(cursor + 1)] === 1) cursor += 1;
    },
  };
};
