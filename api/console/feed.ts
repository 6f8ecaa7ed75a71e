/**
 * What the console shows live: a few topics, each the present answer of a route. One look a second serves every open page, and only
 * while one is open. A topic is sent when it has changed; its id says which looks a page has seen, so that one that comes back
 * gets what has changed since.
 */
import type { Clock } from '../../infra/clock';
import { errorTextOf } from '../../infra/error-text';
import type { EventStream } from '../http/event-stream';

/** Reads a topic; undefined: there is nothing to show yet. */
export type Topics = Readonly<Record<string, () => unknown>>;

export interface Feed {
  /** Sends every topic, or those that have changed since `lastEventId`, and goes on until the stream is over. */
  readonly follow: (stream: EventStream, lastEventId: string | undefined) => void;
}

interface Shown {
  readonly text: string;
  readonly value: unknown;
  /** The look at which it last changed. */
  readonly changedAt: number;
}

const LOOK_MS = 1_000;

/** Opens the feed; it looks at nothing before somebody follows. */
export const openFeed = (topics: Topics, clock: Pick<Clock, 'sleep' | 'newId'>): Feed => {
  const run = clock.newId();
  const followers = new Set<EventStream>();
  const shown = new Map<string, Shown>();
  let look = 0;
  let isLooking = false;

  const lookOnce = async (): Promise<void> => {
    look += 1;
    for (const [topic, read] of Object.entries(topics)) {
      const value = await readOr(read);
      const text = JSON.stringify(value ?? null);
      if (shown.get(topic)?.text !== text) shown.set(topic, { text, value: value ?? null, changedAt: look });
    }
  };
  const send = (stream: EventStream, since: number): void => {
    for (const [event, { value, changedAt }] of shown)
      if (changedAt > since && !stream.send({ event, data: value })) return;
    // Last, and alone with an id: whoever loses the connection before has not seen the whole look.
    stream.send({ id: `${run}.${look}`, event: 'look', data: look });
  };
  const keepLooking = async (): Promise<void> => {
    isLooking = true;
    while (followers.size > 0) {
      await clock.sleep(LOOK_MS);
      const before = look;
      await lookOnce();
      for (const stream of followers) send(stream, before);
    }
    isLooking = false;
  };

  return {
    follow: (stream, lastEventId) => {
      const [seenRun, seenLook] = lastEventId?.split('.') ?? [];
      const since = seenRun === run ? Number(seenLook) : 0;
      void lookOnce().then(() => {
        if (stream.signal.aborted) return;
        send(stream, since);
        followers.add(stream);
        stream.signal.addEventListener('abort', () => followers.delete(stream), { once: true });
        if (!isLooking) void keepLooking();
      });
    },
  };
};

/** A file that cannot be read at present is shown as such; the other topics go on. */
const readOr = async (read: () => unknown): Promise<unknown> => {
  try {
    return await read();
  } catch (error) {
    return { unreadable: errorTextOf(error) };
  }
};
