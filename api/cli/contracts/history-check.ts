/** One stored event after another through everything that today's code would do with it. */
import { lastReadPath, type InstrumentedReader } from '../../../infra/contracts/field-readers';
import type { Catalog, Fold } from '../../../domain/kernel/aggregate';
import { decodeEvent } from '../../../domain/kernel/decode-event';
import { categoryOf, type RecordedEvent, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { boundedCache } from '../../../infra/cache/bounded-cache';
import type { EventFeed } from '../../../infra/event-store/event-feed';

/** An event that the present code can't read, and the stage that failed. */
export class UnreadableHistory extends Error {
  override readonly name = 'UnreadableHistory';
  constructor(
    readonly event: StoredEvent,
    /** What failed: the contract, a decider, a projection, a process manager. */
    readonly stage: string,
    readonly reason: string,
    /** A JSON pointer into the payload, where one is known. */
    readonly path: string | undefined,
  ) {
    const { position, id, type, schemaVersion } = event;
    const at = path === undefined ? '' : ` at ${path}`;
    super(`position ${position}, ${id} (${type} version ${schemaVersion})${at}: ${stage}: ${reason}`);
  }
}

export interface HistoryCheckOptions {
  readonly catalog: Catalog;
  readonly store: Pick<EventFeed, 'readStream'>;
  readonly readers: ReadonlyArray<InstrumentedReader>;
}

/** The state of a stream, folded up to a version. */
interface Folded {
  readonly version: number;
  readonly fold: Fold;
}

const CACHED_STREAMS = 20_000;
const PAGE_EVENTS = 500;

/** Returns a function that checks one event. It rejects with {@link UnreadableHistory}. */
export const historyCheck = ({
  catalog,
  store,
  readers,
}: HistoryCheckOptions): ((event: StoredEvent) => Promise<void>) => {
  const decode = decodeEvent(catalog);
  const states = boundedCache<string, Folded>(CACHED_STREAMS);

  const decodeOrThrow = (event: StoredEvent): RecordedEvent => {
    const read = decode(event, parsePayload(event));
    if (read._tag === 'Right') return read.right;
    const { reason } = read.left;
    throw new UnreadableHistory(event, 'contract', reason, /(?:^|: )(\/[^:\s]*): /.exec(reason)?.[1]);
  };

  const foldBefore = async (event: StoredEvent, emptyFold: Fold): Promise<Fold> => {
    const known = states.get(event.stream);
    let { version, fold } =
      known !== undefined && known.version < event.version ? known : { version: 0, fold: emptyFold };
    while (version < event.version - 1) {
      const limit = Math.min(PAGE_EVENTS, event.version - 1 - version);
      for (const earlier of await store.readStream(event.stream, { afterVersion: version, limit })) {
        fold = fold.apply(decodeOrThrow(earlier));
        ({ version } = earlier);
      }
    }
    return fold;
  };

  return async (event) => {
    const aggregate = catalog.byCategory(categoryOf(event.stream));
    if (aggregate === undefined)
      throw new UnreadableHistory(event, 'contract', `no aggregate owns the stream '${event.stream}'`, undefined);
    const read = decodeOrThrow(event);
    if (!aggregate.events.has(read.type)) {
      throw new UnreadableHistory(
        event,
        'contract',
        `${read.type} is not an event of ${aggregate.category}`,
        undefined,
      );
    }
    const before = await foldBefore(event, aggregate.emptyFold);
    const fold = run(event, read, `decider of ${aggregate.category}`, (seen) => before.apply(seen));
    states.set(event.stream, { version: event.version, fold });
    for (const { type, example } of aggregate.commands.values()) {
      const command = { type, id: 'any', data: example };
      run(event, read, `decider of ${aggregate.category}, asked to ${type}`, () => fold.decide(command));
    }
    for (const { name, handles, take } of readers) {
      if (handles.some(({ type }) => type === read.type)) run(event, read, name, take);
    }
  };
};

const run = <A>(stored: StoredEvent, event: RecordedEvent, stage: string, work: (event: RecordedEvent) => A): A => {
  try {
    return work(event);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnreadableHistory(stored, stage, reason, lastReadPath(event, work));
  }
};

const parsePayload = (event: StoredEvent): unknown => {
  try {
    return JSON.parse(event.payload) as unknown;
  } catch (error) {
    const reason = `the payload is not JSON: ${error instanceof Error ? error.message : String(error)}`;
    throw new UnreadableHistory(event, 'contract', reason, '/');
  }
};
