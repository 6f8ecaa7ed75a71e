/** A moment of the store's history: a position, or a time of recording. */
import { parsePointInTime } from '../../../domain/kernel/time-text';
import type { EventFeed } from '../../../infra/event-store/event-feed';

/** The last position at or before a moment: a position as digits, or a time with its zone. Throws for neither. */
export const lastPositionAt = async (
  store: Pick<EventFeed, 'readAll' | 'lastPosition'>,
  moment: string,
): Promise<number> => {
  const parsed = parsePointInTime(moment);
  if (parsed === undefined) throw new Error(`'${moment}' is neither a position nor a time with its zone`);
  if ('position' in parsed) return parsed.position;
  const { timeMs } = parsed;
  // Positions have no gaps, and times of recording grow with them, as far as the machine's clock does.
  let low = 0;
  let high = await store.lastPosition();
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [event] = await store.readAll({ afterPosition: middle - 1, limit: 1 });
    if (event === undefined || Date.parse(event.recordedAt) > timeMs) high = middle - 1;
    else low = middle;
  }
  return low;
};
