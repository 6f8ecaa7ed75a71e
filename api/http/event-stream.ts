/**
 * Server-sent events: one writer for everything that is streamed. A client that does not read loses its connection, never the
 * server's memory; it comes back with `Last-Event-ID` and goes on from there.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../infra/clock';
import { problem, ProblemError, retryAfter } from './problem';
import { shuttingDown } from './shedding';

/** The last event that a client has seen before it lost the connection. */
export const lastEventIdOf = ({ headers }: FastifyRequest): string | undefined => {
  const { 'last-event-id': last } = headers;
  return typeof last === 'string' ? last : undefined;
};

/** What may wait for one client to read it. */
const MAX_UNSENT_BYTES = 512 * 1_024;
/** Streams at a time, of all clients together. */
const MAX_STREAMS = 100;
/** Shorter than the time-outs of proxies, and than the server's own for idle connections. */
const HEARTBEAT_MS = 15_000;
/** Then the client connects again, and its key or session is looked at again. */
const MAX_STREAM_MS = 15 * 60_000;
/** How long a browser waits before it connects again. */
const RECONNECT_MS = 1_000;

/** One event of a stream. */
export interface StreamedEvent {
  /** Sent back as `Last-Event-ID`; without it, the last one stays. */
  readonly id?: string;
  /** The name of the event; by default `message`. */
  readonly event?: string;
  readonly data: unknown;
}

/** An open stream. */
export interface EventStream {
  /** Sends an event. False if the client is gone or was too slow: nothing more can be sent. */
  readonly send: (event: StreamedEvent) => boolean;
  /** Waits until the client has read nearly everything; ends the stream of a client that does not. */
  readonly drained: () => Promise<void>;
  /** Aborts once the stream is over. */
  readonly signal: AbortSignal;
  readonly end: () => void;
}

export interface EventStreams {
  /** Takes the response over. Throws a problem if too many streams are open, or the server is about to close. */
  readonly open: (reply: Pick<FastifyReply, 'hijack' | 'raw'>) => EventStream;
  /** Ends all streams because the server is about to close. */
  readonly stop: () => void;
}

export interface EventStreamOptions {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly maxStreams?: number;
  readonly maxUnsentBytes?: number;
  readonly heartbeatMs?: number;
}

/** Opens streams, and counts them. */
export const eventStreams = ({
  clock,
  maxStreams = MAX_STREAMS,
  maxUnsentBytes = MAX_UNSENT_BYTES,
  heartbeatMs = HEARTBEAT_MS,
}: EventStreamOptions): EventStreams => {
  const open = new Set<EventStream>();
  let isStopped = false;
  return {
    open: (reply) => {
      if (isStopped) throw new ProblemError(shuttingDown());
      if (open.size >= maxStreams)
        throw new ProblemError(
          problem('overloaded', `${maxStreams} streams are open already.`, { headers: retryAfter(5) }),
        );
      reply.hijack();
      const stream = streamOver(reply.raw, maxUnsentBytes, clock);
      open.add(stream);
      stream.signal.addEventListener('abort', () => open.delete(stream), { once: true });
      void keepAlive(stream, reply.raw, clock, heartbeatMs);
      return stream;
    },
    stop: () => {
      isStopped = true;
      for (const stream of open) stream.end();
    },
  };
};

/** How long a client may take to read what is unsent. */
const DRAIN_MS = 30_000;
const DRAIN_LOOK_MS = 20;

const streamOver = (response: ServerResponse, maxUnsentBytes: number, clock: Pick<Clock, 'sleep'>): EventStream => {
  const over = new AbortController();
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // Proxies would collect events instead of passing them on.
    'x-accel-buffering': 'no',
  });
  response.write(`retry: ${RECONNECT_MS}\n\n`);
  response.once('close', () => over.abort());
  response.on('error', () => over.abort());
  const cutOff = (): void => {
    response.destroy();
    over.abort();
  };
  return {
    signal: over.signal,
    drained: async () => {
      for (let waitedMs = 0; response.writableLength > maxUnsentBytes / 4; waitedMs += DRAIN_LOOK_MS) {
        if (over.signal.aborted) return;
        if (waitedMs > DRAIN_MS) cutOff();
        await clock.sleep(DRAIN_LOOK_MS, over.signal);
      }
    },
    send: (event) => {
      if (over.signal.aborted) return false;
      if (response.writableLength > maxUnsentBytes) {
        cutOff();
        return false;
      }
      response.write(textOf(event));
      return true;
    },
    end: () => {
      response.end();
      over.abort();
    },
  };
};

const textOf = ({ id, event, data }: StreamedEvent): string =>
  `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;

/** A comment now and then shows both sides that the other one is there. */
const keepAlive = async (
  { signal, end }: EventStream,
  response: ServerResponse,
  clock: Pick<Clock, 'sleep'>,
  heartbeatMs: number,
): Promise<void> => {
  for (let lastedMs = 0; lastedMs < MAX_STREAM_MS; lastedMs += heartbeatMs) {
    await clock.sleep(heartbeatMs, signal);
    if (signal.aborted) return;
    response.write(': here\n\n');
  }
  end();
};
