/**
 * Views as they change. The rows that somebody follows are read again whenever the views' file has changed, and compared with what
 * they were: so every change is seen, whatever made it (an event, a redrive, a rebuild). What has changed is kept as a list of
 * keys that all followers of the same rows share; each follower has only a place in it. A slow one costs no memory, and one that
 * comes back goes on from its place.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Clock } from '../../infra/clock';
import type { ListFailure, ViewDescription, ViewReader, ViewRow } from '../../projections/view-reader';
import type { EventStream } from './event-stream';
import { MAX_ROWS, openRowChanges, type RowChanges, type Scan } from './row-changes';

const ROWS_PER_TICK = 1_000;
const LOOK_MS = 200;
const FIRST_LOOK_MS = 5;
/** How long changes are kept after the last follower has left: it may only have lost its connection. */
const LINGER_MS = 60_000;
/** Sets of rows that are kept so; beyond, they go with their last follower. */
const MAX_LINGERING = 200;

/** Rows that can be followed. */
export interface LiveRows {
  /** Sends the rows, or what has changed since `lastEventId`, and goes on until the stream is over. */
  readonly follow: (stream: EventStream, lastEventId: string | undefined) => void;
}

export interface LiveViews {
  /** All rows that match the filters; `refuse` turns a filter that cannot be used into a problem. */
  readonly rows: (
    view: ViewDescription,
    filters: Readonly<Record<string, string>>,
    refuse: (failure: ListFailure) => never,
  ) => LiveRows;
  /** One row, whether it exists or not. */
  readonly row: (view: ViewDescription, key: string) => LiveRows;
  /** Looks at nothing any more, because the server is about to close. */
  readonly stop: () => void;
}

interface LiveViewsOptions {
  readonly views: Pick<ViewReader, 'list' | 'find' | 'changeCounter'>;
  readonly clock: Pick<Clock, 'sleep' | 'newId'>;
}

/** Opens live views; nothing is looked at before somebody follows. */
export const liveViews = ({ views, clock }: LiveViewsOptions): LiveViews => {
  const followed = new Map<string, LiveRows>();
  const stopping = new AbortController();
  const shared = (name: string, view: ViewDescription, scan: Scan): LiveRows => {
    const known = followed.get(name);
    if (known !== undefined) return known;
    const rows = followRows({
      ...{ view, scan, views, clock, stopping: stopping.signal },
      lingers: () => followed.size <= MAX_LINGERING,
      onUnfollowed: () => followed.delete(name),
    });
    followed.set(name, rows);
    return rows;
  };
  return {
    rows: (view, filters, refuse) => {
      const first = views.list(view.name, { filters, limit: 1 });
      if (first._tag === 'Left') return refuse(first.left);
      return shared(JSON.stringify([view.name, filters]), view, () => pagesOf(views, view, filters));
    },
    row: (view, key) =>
      shared(JSON.stringify([view.name, key]), view, () => {
        const row = views.find(view.name, key);
        return row === undefined ? [] : [[row]];
      }),
    stop: () => stopping.abort(),
  };
};

function* pagesOf(
  views: LiveViewsOptions['views'],
  { name }: ViewDescription,
  filters: Readonly<Record<string, string>>,
): Generator<ReadonlyArray<ViewRow>, void, void> {
  let cursor: string | undefined;
  do {
    const query = { filters, limit: ROWS_PER_TICK, ...(cursor === undefined ? {} : { cursor }) };
    const page = views.list(name, query);
    if (page._tag === 'Left') return;
    yield page.right.items;
    cursor = page.right.nextCursor;
  } while (cursor !== undefined);
}

interface FollowOptions extends LiveViewsOptions {
  readonly view: ViewDescription;
  readonly scan: Scan;
  readonly stopping: AbortSignal;
  readonly lingers: () => boolean;
  readonly onUnfollowed: () => void;
}

const followRows = (options: FollowOptions): LiveRows => {
  const { view, scan, views, clock, stopping } = options;
  const changes = openRowChanges(view, scan);
  const followers = new Set<EventStream>();
  const { placeOf, sendNews, forget } = newsFor(changes, (key) => views.find(view.name, key), clock.newId());
  let isLooking = false;

  const keepLooking = async (): Promise<void> => {
    isLooking = true;
    let seen: number | undefined;
    let aloneMs = 0;
    const isWanted = (): boolean => followers.size > 0 || (aloneMs < LINGER_MS && options.lingers());
    try {
      while (!stopping.aborted && isWanted()) {
        const counter = views.changeCounter();
        if (counter !== seen) await changes.look();
        seen = counter;
        await clock.sleep(LOOK_MS, stopping);
        aloneMs = followers.size > 0 ? 0 : aloneMs + LOOK_MS;
      }
    } catch {
      // The views cannot be read at present: the followers come back, and find them again or are told why not.
    }
    isLooking = false;
    options.onUnfollowed();
    for (const stream of followers) stream.end();
  };
  const serve = async (stream: EventStream): Promise<void> => {
    try {
      while (!stream.signal.aborted) {
        if (changes.hasLooked()) await sendNews(stream);
        await clock.sleep(changes.hasLooked() ? LOOK_MS : FIRST_LOOK_MS, stream.signal);
      }
    } catch {
      stream.end();
    }
  };

  return {
    follow: (stream, lastEventId) => {
      placeOf(stream, lastEventId);
      followers.add(stream);
      const leave = (): void => {
        followers.delete(stream);
        forget(stream);
      };
      stream.signal.addEventListener('abort', leave, { once: true });
      if (!isLooking) void keepLooking();
      void serve(stream);
    },
  };
};

/** Sends each follower what it does not have yet; `find` reads a row as it is now. */
const newsFor = (changes: RowChanges, find: (key: string) => ViewRow | undefined, run: string) => {
  const places = new Map<EventStream, number>();

  const sendAll = async (stream: EventStream): Promise<void> => {
    const from = changes.end();
    const keys = changes.keys();
    stream.send({ event: 'reset', data: { rows: keys.length } });
    for (const [index, key] of keys.entries()) {
      const row = find(key);
      if (row !== undefined && !stream.send({ event: 'row', data: { key, row } })) return;
      if (index % ROWS_PER_TICK === 0) await nextTick();
      await stream.drained();
    }
    places.set(stream, from);
    stream.send({ id: `${run}.${from}`, event: 'ready', data: { rows: keys.length } });
  };
  const sendChanges = async (stream: EventStream, place: number): Promise<void> => {
    for (let at = place; at < changes.end(); at += 1) {
      const key = changes.keyAt(at);
      // So slow that the change is gone: it begins again.
      if (key === undefined) return;
      const row = changes.has(key) ? find(key) : undefined;
      const id = `${run}.${at + 1}`;
      const data = row === undefined ? { key } : { key, row };
      if (!stream.send({ id, event: row === undefined ? 'removed' : 'row', data })) return;
      places.set(stream, at + 1);
      await stream.drained();
    }
  };

  return {
    placeOf: (stream: EventStream, lastEventId: string | undefined): void => {
      const [seenRun, seen] = lastEventId?.split('.') ?? [];
      if (seenRun === run && Number(seen) <= changes.end()) places.set(stream, Number(seen));
    },
    forget: (stream: EventStream): void => void places.delete(stream),
    /** As fast as the follower reads. */
    sendNews: async (stream: EventStream): Promise<void> => {
      if (changes.isTooLarge()) {
        stream.send({ event: 'too-large', data: { maxRows: MAX_ROWS } });
        stream.end();
        return;
      }
      const place = places.get(stream);
      if (place === undefined || place < changes.begin()) await sendAll(stream);
      else await sendChanges(stream, place);
    },
  };
};
