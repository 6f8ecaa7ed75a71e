/**
 * Views as they change. The rows that somebody follows are read again whenever the views' file has changed, and compared with what
 * they were: so every change is seen, whatever made it (an event, a redrive, a rebuild). What has changed is kept as a list of
 * keys that all followers of the same rows share; each follower has only a place in it. A slow one costs no memory, and one that
 * comes back goes on from its place.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Clock } from '../../infra/clock';
import type { ListFailure, ViewDescription, ViewReader, ViewRow } from '../../projections/view-reader';
import type { EventStream } from './event-stream';

/** Rows that can be followed at once; each costs some bytes, and a look at every change. */
const MAX_ROWS = 20_000;
/** Changes that are kept for followers that come back. */
const MAX_CHANGES = 20_000;
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

/** Reads the rows, page by page. */
type Scan = () => Iterable<ReadonlyArray<ViewRow>>;

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

/** What is known of the rows that are followed. */
interface Known {
  /** The digest of each row, by its key. */
  digests: ReadonlyMap<string, string>;
  /** The keys of rows that have changed, the oldest first. */
  readonly changes: string[];
  /** How many changes there were before the first one in the list. */
  dropped: number;
  isTooLarge: boolean;
  hasLooked: boolean;
}

const followRows = (options: FollowOptions): LiveRows => {
  const { view, scan, views, clock, stopping } = options;
  const run = clock.newId();
  const known: Known = { digests: new Map(), changes: [], dropped: 0, isTooLarge: false, hasLooked: false };
  const followers = new Set<EventStream>();
  let isLooking = false;

  const look = async (): Promise<void> => {
    const digests = await digestsOf(view, scan);
    known.isTooLarge = digests === undefined;
    if (digests !== undefined) note(known, digests);
    known.hasLooked = true;
  };
  const keepLooking = async (): Promise<void> => {
    isLooking = true;
    let seen: number | undefined;
    let aloneMs = 0;
    const isWanted = (): boolean => followers.size > 0 || (aloneMs < LINGER_MS && options.lingers());
    try {
      while (!stopping.aborted && isWanted()) {
        const counter = views.changeCounter();
        if (counter !== seen) await look();
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

  const places = new Map<EventStream, number>();
  const rowUnder = (key: string): ViewRow | undefined =>
    known.digests.has(key) ? views.find(view.name, key) : undefined;
  const end = (): number => known.dropped + known.changes.length;
  /** Sends one follower what is new, as fast as it reads. */
  const next = async (stream: EventStream): Promise<void> => {
    if (!known.hasLooked) return;
    if (known.isTooLarge) {
      stream.send({ event: 'too-large', data: { maxRows: MAX_ROWS } });
      stream.end();
      return;
    }
    const place = places.get(stream);
    if (place === undefined || place < known.dropped) await sendAll(stream);
    else await sendChanges(stream, place);
  };
  const sendAll = async (stream: EventStream): Promise<void> => {
    const from = end();
    stream.send({ event: 'reset', data: { rows: known.digests.size } });
    let sent = 0;
    for (const key of known.digests.keys()) {
      const row = views.find(view.name, key);
      if (row !== undefined && !stream.send({ event: 'row', data: { key, row } })) return;
      sent += 1;
      if (sent % ROWS_PER_TICK === 0) await nextTick();
      await stream.drained();
    }
    places.set(stream, from);
    stream.send({ id: `${run}.${from}`, event: 'ready', data: { rows: known.digests.size } });
  };
  const sendChanges = async (stream: EventStream, place: number): Promise<void> => {
    for (let at = place; at < end(); at += 1) {
      if (at < known.dropped) return;
      const key = known.changes[at - known.dropped] ?? '';
      const row = rowUnder(key);
      const id = `${run}.${at + 1}`;
      const event =
        row === undefined ? { id, event: 'removed', data: { key } } : { id, event: 'row', data: { key, row } };
      if (!stream.send(event)) return;
      places.set(stream, at + 1);
      await stream.drained();
    }
  };

  const serve = async (stream: EventStream): Promise<void> => {
    try {
      while (!stream.signal.aborted) {
        await next(stream);
        await clock.sleep(known.hasLooked ? LOOK_MS : FIRST_LOOK_MS, stream.signal);
      }
    } catch {
      stream.end();
    }
  };

  return {
    follow: (stream, lastEventId) => {
      const [seenRun, seenPlace] = lastEventId?.split('.') ?? [];
      if (seenRun === run && Number(seenPlace) <= end()) places.set(stream, Number(seenPlace));
      followers.add(stream);
      stream.signal.addEventListener(
        'abort',
        () => {
          followers.delete(stream);
          places.delete(stream);
        },
        { once: true },
      );
      if (!isLooking) void keepLooking();
      void serve(stream);
    },
  };
};

/** The digest of each row; undefined where there are too many. */
const digestsOf = async (view: ViewDescription, scan: Scan): Promise<ReadonlyMap<string, string> | undefined> => {
  const digests = new Map<string, string>();
  for (const page of scan()) {
    for (const row of page) digests.set(keyOf(view, row), digestOf(row));
    if (digests.size > MAX_ROWS) return undefined;
    await nextTick();
  }
  return digests;
};

/** As in a URL. */
const keyOf = ({ key }: ViewDescription, row: ViewRow): string => key.map((column) => String(row[column])).join(':');

const digestOf = (row: ViewRow): string => createHash('sha1').update(JSON.stringify(row)).digest('base64');

const note = (known: Known, digests: ReadonlyMap<string, string>): void => {
  if (known.hasLooked) {
    for (const [key, digest] of digests) if (known.digests.get(key) !== digest) known.changes.push(key);
    for (const key of known.digests.keys()) if (!digests.has(key)) known.changes.push(key);
  }
  known.digests = digests;
  const surplus = known.changes.length - MAX_CHANGES;
  if (surplus <= 0) return;
  known.changes.splice(0, surplus);
  known.dropped += surplus;
};
