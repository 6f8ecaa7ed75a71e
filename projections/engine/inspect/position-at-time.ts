/** Points in the store's history: a position, or a recording time. */
import { parsePointInTime } from '../../../domain/kernel/time-text';
import type { EventFeed } from '../../../infra/event-store/event-feed';

/** The last position at or before a point in time, given as digits (a position) or a time with its zone. Throws for any other text. */
export const lastPositionAt = async (
  store: Pick<EventFeed, 'readAll' | 'lastPosition'>,
  asOf: string,
): Promise<number> => {
  const parsed = parsePointInTime(asOf);
  if (parsed === undefined) throw new Error(`'${asOf}' is neither a position nor a time with its zone`);
  if ('position' in parsed) return parsed.position;
  const { timeMs } = parsed;
  // A binary search: positions have no gaps, and recording times grow with them as long as the machine's clock does.
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
