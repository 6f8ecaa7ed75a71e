/** One pass after another over the outbox: reads pages behind the cursor and keeps a bounded window on its way to Kafka. */
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { Clock } from '../clock';
import type { Destination, EncodedEvent } from '../kafka/cloud-events';
import { RecordTooLarge, type DeliveryFailure, type EventLog, type LogProducer } from '../kafka/event-log';
import { MAX_PAGE_BYTES, type EventFeed } from '../event-store/event-feed';
import { errorTextOf } from '../error-text';
import { isAborted } from '../running/stop-signal';
import { acknowledgements, type Acknowledgements } from './acknowledgements';
import type { TopicPartition } from '../topic-partition';

/** Measured: eight pages of a thousand keep the producer busy; more only costs memory. */
const PAGE_EVENTS = 1_000;
const WINDOW_EVENTS = 8_000;
/** Upper limit on the values in flight: the client keeps a copy of each. */
const WINDOW_BYTES = 16_777_216;
const FLUSH_MS = 10_000;
/** How long to wait for acknowledgements before looking again whether to stop. */
const WAIT_MS = 100;

/** Kafka did not take a record, or the producer is beyond repair: begin again from the cursor, with a new producer. */
export class DeliveryFailed extends Error {
  override readonly name = 'DeliveryFailed';
  constructor(
    readonly failure: DeliveryFailure,
    /** The position of the event that was on its way with nothing beside it; undefined where there were others. */
    readonly alonePosition: number | undefined,
    /** The last position that was sent. */
    readonly lastPosition: number,
  ) {
    super(failure.reason);
  }
}

export interface PublisherOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly cursor: number;
  /** Where an event goes; undefined where the program has no aggregate for it. */
  readonly destinationOf: (event: StoredEvent) => Destination | undefined;
  readonly encode: (event: StoredEvent) => EncodedEvent;
  /** The highest position that a partition was found to hold; 0 where it holds none. */
  readonly publishedPosition: (place: TopicPartition) => number;
  /** Whether the partition stands behind an event that can't be published. */
  readonly isBlocked: (place: TopicPartition) => boolean;
  /** An event of such a partition is passed over. */
  readonly onHeld: (place: TopicPartition, position: number) => void;
  /** Whether an event goes with nothing beside it, so that a refusal names it. */
  readonly isAlone: (place: TopicPartition, position: number) => boolean;
  /** The event can't be published, whatever is tried: its partition is blocked when this returns. */
  readonly onRefused: (place: TopicPartition, event: StoredEvent, reason: string) => void;
  /** The events of a page that have no destination. */
  readonly onUnroutable: (events: ReadonlyArray<StoredEvent>) => void;
  readonly readPage: EventFeed['readAll'];
}

export interface Publisher {
  readonly cursor: () => number;
  /** Nothing is in flight. */
  readonly isSettled: () => boolean;
  readonly counts: () => { readonly published: number; readonly skipped: number; readonly sentPosition: number };
  /**
   * Sends what the outbox holds now, as far as the window allows; false where there was nothing to send. Throws
   * {@link DeliveryFailed}.
   */
  readonly pass: (signal: AbortSignal) => Promise<boolean>;
  /** Throws what a delivery report has brought since the last pass. */
  readonly throwFailure: () => void;
  /** Waits, for a bounded time, until everything sent is acknowledged. */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What a session's sending shares: acknowledgements, the first failure, and what has been sent. */
interface Sending {
  readonly acks: Acknowledgements;
  readonly producer: LogProducer;
  readonly throwFailure: () => void;
  readonly counts: { published: number; skipped: number };
  readTo: number;
  alonePosition: number | undefined;
}

/** Opens a producer and stands ready behind the cursor. */
export const openPublisher = async (options: PublisherOptions): Promise<Publisher> => {
  const sending = await openSending(options);
  const { acks, producer, counts, throwFailure } = sending;
  const publish = publishing(options, sending);

  const pass = async (signal: AbortSignal): Promise<boolean> => {
    throwFailure();
    const page = await options.readPage({
      afterPosition: sending.readTo,
      limit: PAGE_EVENTS,
      maxBytes: MAX_PAGE_BYTES,
    });
    const destinations = page.map(options.destinationOf);
    // Before the cursor can pass them.
    options.onUnroutable(page.filter((_, index) => destinations[index] === undefined));
    for (const [index, event] of page.entries()) {
      if (!(await publish(event, destinations[index], signal))) return true;
      sending.readTo = event.position;
    }
    return page.length > 0;
  };

  return {
    cursor: acks.cursor,
    isSettled: () => acks.outstanding() === 0,
    counts: () => ({ ...counts, sentPosition: sending.readTo }),
    pass,
    throwFailure,
    flush: async () => {
      await producer.flush(FLUSH_MS);
    },
    close: producer.close,
  };
};

const openSending = async ({ log, cursor }: PublisherOptions): Promise<Sending> => {
  const acks = acknowledgements(cursor, WINDOW_EVENTS, WINDOW_BYTES);
  const counts = { published: 0, skipped: 0 };
  let failure: DeliveryFailed | undefined;
  const producer = await log.openProducer({
    onDelivered: (position) => {
      acks.acknowledged(position);
      counts.published += 1;
    },
    onFailed: (failed) => {
      failure ??= new DeliveryFailed(failed, sending.alonePosition, sending.readTo);
    },
  });
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure;
  };
  const sending: Sending = { acks, producer, throwFailure, counts, readTo: cursor, alonePosition: undefined };
  return sending;
};

/** Makes the function that sends one event, or passes over it; false where the signal came first. */
const publishing = (options: PublisherOptions, sending: Sending) => {
  const { acks, counts } = sending;
  const wayOf = sendingWays(options, sending);

  const passOver = (position: number): true => {
    acks.sent(position);
    acks.acknowledged(position);
    return true;
  };

  const refuse = (to: TopicPartition, event: StoredEvent, error: unknown): true => {
    options.onRefused(to, event, errorTextOf(error));
    return passOver(event.position);
  };

  const sendTo = async (to: Destination, event: StoredEvent, signal: AbortSignal): Promise<boolean> => {
    let record: EncodedEvent;
    try {
      record = options.encode(event);
    } catch (error) {
      return refuse(to, event, error);
    }
    try {
      return await wayOf(to, event)(event, record, signal);
    } catch (error) {
      if (!(error instanceof RecordTooLarge)) throw error;
      sending.alonePosition = undefined;
      return refuse(to, event, error);
    }
  };

  return async (event: StoredEvent, to: Destination | undefined, signal: AbortSignal): Promise<boolean> => {
    if (!acks.hasRoom()) await waitUntil(options.clock, sending, acks.hasRoom, signal);
    if (signal.aborted) return false;
    if (to === undefined) return passOver(event.position);
    if (options.isBlocked(to)) {
      options.onHeld(to, event.position);
      return passOver(event.position);
    }
    if (event.position > options.publishedPosition(to)) return sendTo(to, event, signal);
    counts.skipped += 1;
    return passOver(event.position);
  };
};

type Send = (event: StoredEvent, record: EncodedEvent, signal: AbortSignal) => Promise<boolean>;

/** An event goes with others, or with nothing beside it. */
const sendingWays = (
  { clock, isAlone }: PublisherOptions,
  sending: Sending,
): ((to: TopicPartition, event: StoredEvent) => Send) => {
  const { acks, producer, throwFailure } = sending;
  const send: Send = async (event, record, signal) => {
    // Stop at the first record that does not fit, or order breaks.
    while (!isSent(producer, event, record, clock.nowMs())) {
      throwFailure();
      await clock.sleep(1, signal);
      if (isAborted(signal)) return false;
    }
    sending.readTo = event.position;
    acks.sent(event.position, record.value.length);
    return true;
  };
  const isSettled = (): boolean => acks.outstanding() === 0;
  const sendAlone: Send = async (event, record, signal) => {
    await waitUntil(clock, sending, isSettled, signal);
    sending.alonePosition = event.position;
    if (isAborted(signal) || !(await send(event, record, signal))) return false;
    await waitUntil(clock, sending, isSettled, signal);
    sending.alonePosition = undefined;
    return true;
  };
  return (to, { position }) => (isAlone(to, position) ? sendAlone : send);
};

/** Delivery reports come in bursts of some milliseconds; a turn of the event loop lets them in. */
const waitUntil = async (
  clock: Clock,
  { throwFailure }: Sending,
  holds: () => boolean,
  signal: AbortSignal,
): Promise<void> => {
  for (let waited = 0; !holds() && !signal.aborted; waited += 1) {
    throwFailure();
    await clock.sleep(waited < WAIT_MS ? 1 : 10, signal);
  }
  throwFailure();
};

/**
 * The record's time is that of publishing; the event's own is one of its attributes. A broker forgets a producer whose
 * records are old, and would store what is sent again after its restart twice. Throws RecordTooLarge.
 */
const isSent = (producer: LogProducer, event: StoredEvent, record: EncodedEvent, timestampMs: number): boolean =>
  producer.send({ ...record, timestampMs, sequence: event.position }) === 'queued';
