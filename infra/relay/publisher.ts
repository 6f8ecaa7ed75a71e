/** Publishes the outbox in passes: reads pages after the cursor, and keeps a bounded window of events in flight to Kafka. */
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { Clock } from '../clock';
import type { Destination, EncodedEvent } from '../kafka/cloud-events';
import { HEARTBEAT_SEQUENCE } from '../kafka/heartbeats';
import { RecordTooLarge, type DeliveryFailure, type EventLog, type LogProducer } from '../kafka/event-log';
import { MAX_PAGE_BYTES, type EventFeed } from '../event-store/event-feed';
import { errorTextOf } from '../error-text';
import type { RelayHeartbeats } from './relay-heartbeats';
import { isAborted } from '../stop-signal';
import { acknowledgements, type Acknowledgements } from './acknowledgements';
import type { TopicPartition } from '../topic-partition';

/** Measured: eight pages of a thousand keep the producer busy; more only costs memory. */
const PAGE_EVENTS = 1_000;
const WINDOW_EVENTS = 8_000;
/** Upper limit on the values in flight: the client keeps a copy of each. */
const WINDOW_BYTES = 16_777_216;
const FLUSH_MS = 10_000;
/** How many milliseconds acknowledgements are checked for every millisecond; then less often. */
const FAST_CHECKS = 100;

/** Kafka has rejected a record, or the producer has failed: restart from the cursor with a new producer. */
export class DeliveryFailed extends Error {
  override readonly name = 'DeliveryFailed';
  constructor(
    readonly failure: DeliveryFailure,
    /** The position of the only event in flight; undefined where there were others. */
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
  /** Returns undefined where the program has no aggregate for the event. */
  readonly destinationOf: (event: StoredEvent) => Destination | undefined;
  readonly encode: (event: StoredEvent, to: Destination) => EncodedEvent;
  /** The highest position that was found in a partition; 0 where there was none. */
  readonly publishedPosition: (place: TopicPartition) => number;
  /** Whether the partition is blocked by an event that can't be published. */
  readonly isBlocked: (place: TopicPartition) => boolean;
  /** Called for each event of a blocked partition, which is skipped. */
  readonly onHeld: (place: TopicPartition, position: number) => void;
  /** Whether an event has to be sent with no other one in flight, so that a rejection is known to be its own. */
  readonly isAlone: (place: TopicPartition, position: number) => boolean;
  /** Called for an event that can't be published; has to block its partition. */
  readonly onRejected: (place: TopicPartition, event: StoredEvent, reason: string) => void;
  /** The events of a page that have no destination. */
  readonly onUnroutable: (events: ReadonlyArray<StoredEvent>) => void;
  readonly readPage: EventFeed['readAll'];
  /** Called where Kafka has acknowledged a heartbeat. */
  readonly onHeartbeat: () => void;
}

export interface Publisher {
  readonly cursor: () => number;
  /** Nothing is in flight. */
  readonly isSettled: () => boolean;
  readonly counts: () => { readonly published: number; readonly skipped: number; readonly sentPosition: number };
  /**
   * Sends the next page of the outbox, as far as the window allows; returns false where there was nothing to send. Throws
   * {@link DeliveryFailed}.
   */
  readonly pass: (signal: AbortSignal) => Promise<boolean>;
  /** Sends a heartbeat with the last position that was sent, where it is time for one. */
  readonly beatWhenDue: (heartbeats: Pick<RelayHeartbeats, 'beatWhenDue'>) => void;
  /** Throws the first failure that a delivery report has brought. */
  readonly throwFailure: () => void;
  /** Waits for a bounded time until everything sent is acknowledged. */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The shared state of a publisher: acknowledgements, the first failure, and what has been sent. */
interface Sending {
  readonly acks: Acknowledgements;
  readonly producer: LogProducer;
  readonly throwFailure: () => void;
  readonly counts: { published: number; skipped: number };
  readTo: number;
  alonePosition: number | undefined;
}

/** Opens a producer; the first pass starts after the cursor. */
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
    // Recorded before the cursor can pass them.
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
    beatWhenDue: (heartbeats) => heartbeats.beatWhenDue(sending.readTo, (record) => producer.send(record) === 'queued'),
    throwFailure,
    flush: async () => {
      await producer.flush(FLUSH_MS);
    },
    close: producer.close,
  };
};

const openSending = async ({ log, cursor, onHeartbeat }: PublisherOptions): Promise<Sending> => {
  const acks = acknowledgements(cursor, WINDOW_EVENTS, WINDOW_BYTES);
  const counts = { published: 0, skipped: 0 };
  let failure: DeliveryFailed | undefined;
  const producer = await log.openProducer({
    onDelivered: (position) => {
      if (position === HEARTBEAT_SEQUENCE) {
        onHeartbeat();
        return;
      }
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

/** Makes the function that sends or skips one event; it returns false where the signal aborted first. */
const publishing = (options: PublisherOptions, sending: Sending) => {
  const { acks, counts } = sending;
  const sendFor = sendFunctions(options, sending);

  const skip = (position: number): true => {
    acks.sent(position);
    acks.acknowledged(position);
    return true;
  };

  const reject = (to: TopicPartition, event: StoredEvent, error: unknown): true => {
    options.onRejected(to, event, errorTextOf(error));
    return skip(event.position);
  };

  const sendTo = async (to: Destination, event: StoredEvent, signal: AbortSignal): Promise<boolean> => {
    let record: EncodedEvent;
    try {
      record = options.encode(event, to);
    } catch (error) {
      return reject(to, event, error);
    }
    try {
      return await sendFor(to, event)(event, record, signal);
    } catch (error) {
      if (!(error instanceof RecordTooLarge)) throw error;
      sending.alonePosition = undefined;
      return reject(to, event, error);
    }
  };

  return async (event: StoredEvent, to: Destination | undefined, signal: AbortSignal): Promise<boolean> => {
    if (!acks.hasRoom()) await waitUntil(options.clock, sending, acks.hasRoom, signal);
    if (signal.aborted) return false;
    if (to === undefined) return skip(event.position);
    if (options.isBlocked(to)) {
      options.onHeld(to, event.position);
      return skip(event.position);
    }
    if (event.position > options.publishedPosition(to)) return sendTo(to, event, signal);
    counts.skipped += 1;
    return skip(event.position);
  };
};

type Send = (event: StoredEvent, record: EncodedEvent, signal: AbortSignal) => Promise<boolean>;

/** Makes the choice between sending an event with others in flight, and sending it alone. */
const sendFunctions = (
  { clock, isAlone }: PublisherOptions,
  sending: Sending,
): ((to: TopicPartition, event: StoredEvent) => Send) => {
  const { acks, producer, throwFailure } = sending;
  const send: Send = async (event, record, signal) => {
    // Wait at the first record for which the queue is full: sending a later one first would break the order.
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

/** Delivery reports arrive in bursts of some milliseconds, so a short sleep is enough. */
const waitUntil = async (
  clock: Clock,
  { throwFailure }: Sending,
  isMet: () => boolean,
  signal: AbortSignal,
): Promise<void> => {
  for (let checks = 0; !isMet() && !signal.aborted; checks += 1) {
    throwFailure();
    await clock.sleep(checks < FAST_CHECKS ? 1 : 10, signal);
  }
  throwFailure();
};

/**
 * Queues a record. Its timestamp is the time of publishing, and the event's own time one of its attributes: a broker expires the
 * state of a producer by record time, and after its restart would store repeated records with old timestamps twice. Throws
 * RecordTooLarge.
 */
const isSent = (producer: LogProducer, event: StoredEvent, record: EncodedEvent, timestampMs: number): boolean =>
  producer.send({ ...record, timestampMs, sequence: event.position }) === 'queued';
