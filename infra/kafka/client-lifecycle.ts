/** Opening and closing clients, with an end to every wait. */
import type { KafkaConsumer, Producer } from '@confluentinc/kafka-javascript';
import type { Logger } from '../logger';
import { answerOf } from './client-errors';
import type { ConnectionTrouble } from './connection-trouble';

/** How long a client waits for a broker when it opens. */
export const CONNECT_TIMEOUT_MS = 5_000;
const DISCONNECT_TIMEOUT_MS = 5_000;

/** What of the clients' events is looked at. */
interface EventSource {
  readonly on: (
    event: 'event.error' | 'event.log',
    // An error has a message alone, a line of the log also the facility that it comes from.
    listener: (event: { readonly message: string; readonly fac?: string }) => void,
  ) => unknown;
}

interface ErrorSource {
  readonly on: (event: 'error', listener: (error: Error) => void) => unknown;
}

/** The text of librdkafka's error event for a client that is beyond repair; the event carries nothing but text. */
const FATAL = 'fatal error';

export interface WatchOptions {
  readonly onFatal?: () => void;
  /** Where the reasons of failing connections are kept. */
  readonly trouble?: ConnectionTrouble;
}

/**
 * Listens to what a client tells about its connections: these heal by themselves, so they are worth a line only to someone
 * who looks for it; except that nobody is let in with a wrong password, however often the client tries.
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
    logger[refused ? 'warn' : 'debug']({ client: name, reason: message }, 'Kafka: trouble with a connection');
  });
  if (trouble === undefined) return;
  client.on('event.log', ({ fac = '', message }) => trouble.note(name, { fac, message }));
  // Without a listener a token that can't be had would end the process. The types leave the event out.
  (client as unknown as ErrorSource).on('error', ({ message }) =>
    trouble.noteReason(name, message.replace(/^(oauthbearer_token_refresh_cb: )+/, '')),
  );
};

/** Connects; rejects where no broker answers in time, and leaves nothing open then. */
export const connectClient = async (client: KafkaConsumer | Producer, name: string): Promise<void> => {
  await answerOf(`connect the ${name}`, (callback) =>
    client.connect({ allTopics: false, timeout: CONNECT_TIMEOUT_MS }, callback),
  );
};

/** Runs a disconnection; gives up waiting at a time-out, for whoever closes must come to an end. */
export const disconnected = async (
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
      // It was never connected, or has been closed already.
      logger.debug({ client: name, reason: String(error) }, 'Kafka: nothing to close');
      resolve();
    }
  });
  clearTimeout(timer);
};
