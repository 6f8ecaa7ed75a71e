/** Opens and closes clients, with a timeout for every wait. */
import type { KafkaConsumer, Producer } from '@confluentinc/kafka-javascript';
import type { Logger } from '../logger';
import { answerOf } from './client-errors';
import type { ConnectionTrouble } from './connection-trouble';

/** How long a client waits for a broker when it opens. */
export const CONNECT_TIMEOUT_MS = 5_000;
const DISCONNECT_TIMEOUT_MS = 5_000;

/** The client events that are used. */
interface EventSource {
  readonly on: (
    event: 'event.error' | 'event.log',
    // An error has only a message, a log line also a facility.
    listener: (event: { readonly message: string; readonly fac?: string }) => void,
  ) => unknown;
}

interface ErrorSource {
  readonly on: (event: 'error', listener: (error: Error) => void) => unknown;
}

/** The text of librdkafka's error event for a fatally failed client; the event contains only text. */
const FATAL = 'fatal error';

export interface WatchOptions {
  readonly onFatal?: () => void;
  /** Collects the reasons of failing connections. */
  readonly trouble?: ConnectionTrouble;
}

/**
 * Logs connection problems of a client. Most recover without help, so they are logged at debug level, except for authentication and
 * TLS failures, which retries do not resolve.
 */
export const watchClient = (
  client: EventSource,
  name: string,
  logger: Logger,
  { onFatal, trouble }: WatchOptions = {},
): void => {
  let last = '';
  client.on('event.error', ({ message }) => {
    if (message === FATAL) onFatal?.();
    if (message === last) return;
    last = message;
    const refused = trouble === undefined && /authentication|ssl/i.test(message);
    logger[refused ? 'warn' : 'debug']({ client: name, reason: message }, 'Kafka: connection problem');
  });
  if (trouble === undefined) return;
  client.on('event.log', ({ fac = '', message }) => trouble.note(name, { fac, message }));
  // Without a listener, a failed token request would end the process. The types omit the event.
  (client as unknown as ErrorSource).on('error', ({ message }) =>
    trouble.noteReason(name, message.replace(/^(oauthbearer_token_refresh_cb: )+/, '')),
  );
};

/** Connects; rejects if no broker responds in time, and then leaves nothing open. */
export const connectClient = async (client: KafkaConsumer | Producer, name: string): Promise<void> => {
  await answerOf(`connect the ${name}`, (callback) =>
    client.connect({ allTopics: false, timeout: CONNECT_TIMEOUT_MS }, callback),
  );
};

/** Runs a disconnection with a timeout, so that closing always ends. */
export const disconnect = async (
  name: string,
  logger: Logger,
  disconnect: (callback: () => void) => void,
): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      logger.warn({ client: name, timeoutMs: DISCONNECT_TIMEOUT_MS }, 'Kafka: a client did not close in time');
      resolve();
    }, DISCONNECT_TIMEOUT_MS);
    try {
      disconnect(resolve);
    } catch (error) {
      // The client was never connected, or is already closed.
      logger.debug({ client: name, reason: String(error) }, 'Kafka: nothing to close');
      resolve();
    }
  });
  clearTimeout(timer);
};
