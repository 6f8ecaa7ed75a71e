/** One pass after another over the outbox: reads pages behind the cursor and keeps a bounded window on its way to Kafka. */
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { Clock } from '../clock';
import type { EncodedEvent } from '../kafka/cloud-events';
import { RecordTooLarge, type EventLog, type LogProducer } from '../kafka/event-log';
import { acknowledgements } from './acknowledgements';

/** Measured: eight pages of a thousand keep the producer busy; more only costs memory. */
const PAGE_EVENTS = 1_000;
const WINDOW_EVENTS = 8_000;
const FLUSH_MS = 10_000;
/** How long to wait for acknowledgements before looking again whether to stop. */
const WAIT_MS = 100;

/** Kafka did not take a record, or the producer is beyond repair: begin again from the cursor, with a new producer. */
export class DeliveryFailed extends Error {
  override readonly name = 'DeliveryFailed';
  constructor(
    readonly failureClass: string,
    reason: string,
  ) {
    super(reason);
  }
}

/** An event that can't be published, whatever is tried: a person has to look. */
export class Unpublishable extends Error {
  override readonly name = 'Unpublishable';
}

export interface PublisherOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly cursor: number;
  readonly encode: (event: StoredEvent) => EncodedEvent;
  /** The highest position that a partition was found to hold; 0 where it holds none. */
  readonly publishedPosition: (topic: string, partition: number) => number;
  readonly readPage: (page: { readonly afterPosition: number; readonly limit: number }) => ReadonlyArray<StoredEvent>;
}

export interface Publisher {
  readonly cursor: () => number;
  readonly counts: () => { readonly published: number; readonly skipped: number };
  /**
   * Sends what the outbox holds now, as far as the window allows; false where there was nothing to send. Throws
   * {@link DeliveryFailed} and {@link Unpublishable}.
   */
  readonly pass: (signal: AbortSignal) => Promise<boolean>;
  /** Throws what a delivery report has brought since the last pass. */
  readonly throwFailure: () => void;
  /** Waits, for a bounded time, until everything sent is acknowledged. */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens a producer and stands ready behind the cursor. */
export const openPublisher = async (options: PublisherOptions): Promise<Publisher> => {
  const { log, clock, encode, readPage, publishedPosition } = options;
  const acks = acknowledgements(options.cursor, WINDOW_EVENTS);
  let failure: DeliveryFailed | undefined;
  let readTo = options.cursor;
  let published = 0;
  let skipped = 0;
  const producer = await log.openProducer({
    onDelivered: (position) => {
      acks.acknowledged(position);
      published += 1;
    },
    onFailed: (failed) => {
      failure ??= new DeliveryFailed(failed.class, failed.reason);
    },
  });

  const throwFailure = (): void => {
    if (failure !== undefined) throw failure;
  };

  const room = async (signal: AbortSignal): Promise<void> => {
    // Delivery reports come in bursts of some milliseconds; a turn of the event loop lets them in.
    for (let waited = 0; !acks.hasRoom() && !signal.aborted; waited += 1) {
      throwFailure();
      await clock.sleep(waited < WAIT_MS ? 1 : 10, signal);
    }
    throwFailure();
  };

  const publish = async (event: StoredEvent, signal: AbortSignal): Promise<boolean> => {
    const record = encoded(encode, event);
    if (!acks.hasRoom()) await room(signal);
    if (signal.aborted) return false;
    if (event.position <= publishedPosition(record.topic, record.partition)) {
      acks.sent(event.position);
      acks.acknowledged(event.position);
      skipped += 1;
      return true;
    }
    // Stop at the first record that does not fit, or order breaks.
    while (!isSent(producer, event, record, clock.nowMs())) {
      throwFailure();
      await clock.sleep(1, signal);
      if (wasTold(signal)) return false;
    }
    acks.sent(event.position);
    return true;
  };

  return {
    cursor: acks.cursor,
    counts: () => ({ published, skipped }),
    pass: async (signal) => {
      throwFailure();
      const page = readPage({ afterPosition: readTo, limit: PAGE_EVENTS });
      for (const event of page) {
        if (!(await publish(event, signal))) return true;
        readTo = event.position;
      }
      return page.length > 0;
    },
    throwFailure,
    flush: async () => {
      await producer.flush(FLUSH_MS);
    },
    close: producer.close,
  };
};

/** Read anew: between two looks at it lies a wait. */
const wasTold = (signal: AbortSignal): boolean => signal.aborted;

const encoded = (encode: PublisherOptions['encode'], event: StoredEvent): EncodedEvent => {
  try {
    return encode(event);
  } catch (error) {
    throw unpublishable(event, error);
  }
};

/**
 * The record's time is that of publishing; the event's own is one of its attributes. A broker forgets a producer whose
 * records are old, and would store what is sent again after its restart twice.
 */
const isSent = (producer: LogProducer, event: StoredEvent, record: EncodedEvent, timestampMs: number): boolean => {
  try {
    return producer.send({ ...record, timestampMs, sequence: event.position }) === 'queued';
  } catch (error) {
    if (error instanceof RecordTooLarge) throw unpublishable(event, error);
    throw error;
  }
};

const unpublishable = ({ id, position }: StoredEvent, error: unknown): Unpublishable =>
  new Unpublishable(`${id} at position ${position}: ${error instanceof Error ? error.message : String(error)}`);
