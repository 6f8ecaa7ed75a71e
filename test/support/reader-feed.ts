/** A synchronous reader behind the asynchronous port, for tests whose stores are in memory or that also read at once. */
import { systemClock } from '../../infra/clock';
import type { EventFeed } from '../../infra/event-store/event-feed';
import { feedOfReader, type EventReader } from '../../infra/sqlite/event-feed';

/** The feed of a reader; nothing tells of changes but the first look. */
export const feedOf = (reader: EventReader): EventFeed =>
  feedOfReader(
    reader,
    changesFrom(() => 1, 50),
  );

/** Changes as a number tells of them, which is looked at every so often. */
export const changesFrom = (version: () => number, everyMs: number): EventFeed['changes'] =>
  async function* ({ signal }) {
    let seen: number | undefined;
    while (!signal.aborted) {
      const now = version();
      if (now !== seen) {
        seen = now;
        yield;
      }
      await systemClock.sleep(everyMs, signal);
    }
  };
