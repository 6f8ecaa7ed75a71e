/** A moment of the store's history: a position, or a time of recording. */
import type { EventReader } from '../../infra/sqlite/event-reader';

/** The last position at or before a moment: a position as digits, or an instant (ISO 8601, UTC). Throws for neither. */
export const lastPositionAt = (store: Pick<EventReader, 'readAll' | 'lastPosition'>, moment: string): number => {
  if (/^\d{1,15}$/.test(moment)) return Number(moment);
  const timeMs = Date.parse(moment);
  if (Number.isNaN(timeMs)) throw new Error(`'${moment}' is neither a position nor a time`);
  // Positions have no gaps, and times of recording grow with them, as far as the machine's clock does.
  let low = 0;
  let high = store.lastPosition();
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [event] = store.readAll({ afterPosition: middle - 1, limit: 1 });
    if (event === undefined || Date.parse(event.recordedAt) > timeMs) high = middle - 1;
    else low = middle;
  }
  return low;
};
