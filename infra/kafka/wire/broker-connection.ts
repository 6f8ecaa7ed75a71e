/**
 * One connection to one broker, for the requests that the Kafka client can't make. Requests go one after another; every wait has
 * an end, and whatever breaks closes the connection.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { BrokerSecurity } from './broker-security';
import { KafkaReader, KafkaWriter } from './kafka-bytes';
import { saslLogin } from './sasl-login';

/** A request by Kafka's number of its kind, in a version without flexible fields. */
export interface BrokerRequest {
  readonly api: number;
  readonly version: number;
  readonly body: Buffer;
}

export interface BrokerConnection {
  readonly ask: (request: BrokerRequest) => Promise<KafkaReader>;
  readonly close: () => void;
}

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
const CLIENT_ID = 'tidemark';
/** No answer to these requests comes near to this. */
const MAX_ANSWER_BYTES = 16 * 1_048_576;

/** Connects and logs in, all of it within the time-out, which each request has again. */
export const connectBroker = async (
  { host, port }: BrokerAddress,
  security: BrokerSecurity,
  timeoutMs: number,
): Promise<BrokerConnection> => {
  const socket =
    security.tls === undefined ? connectPlain({ host, port }) : connectTls({ host, port, ...security.tls(host) });
  const ended = endOf(socket, `${host}:${port}`);
  const close = (): void => void socket.destroy();
  try {
    await within(timeoutMs, ended, `${host}:${port} did not let this client in`, async () => {
      await new Promise<void>((resolve) =>
        socket.once(security.tls === undefined ? 'connect' : 'secureConnect', resolve),
      );
    });
    const answers = answersOf(socket);
    let correlation = 0;
    const ask: BrokerConnection['ask'] = ({ api, version, body }) =>
      within(timeoutMs, ended, `${host}:${port} did not answer`, async () => {
        correlation += 1;
        const header = new KafkaWriter().int16(api).int16(version).int32(correlation).text(CLIENT_ID).end();
        socket.write(new KafkaWriter().bytes(Buffer.concat([header, body])).end());
        const answer = new KafkaReader(await answers());
        if (answer.int32() !== correlation) throw new Error(`${host}:${port} has answered another request`);
        return answer;
      });
    if (security.sasl !== undefined) await logIn(ask, security.sasl);
    return { ask, close };
  } catch (error) {
    close();
    throw error;
  }
};

const logIn = async (ask: BrokerConnection['ask'], sasl: NonNullable<BrokerSecurity['sasl']>): Promise<void> => {
  const offered = await ask({ api: SASL_HANDSHAKE, version: 1, body: new KafkaWriter().text(sasl.mechanism).end() });
  if (offered.int16() !== 0) {
    const mechanisms = offered.list(() => offered.text()).join(', ');
    throw new Error(`the broker takes no ${sasl.mechanism}, but ${mechanisms}`);
  }
  await saslLogin(sasl, async (message) => {
    const answer = await ask({ api: SASL_AUTHENTICATE, version: 0, body: new KafkaWriter().bytes(message).end() });
    const code = answer.int16();
    const reason = answer.text();
    if (code !== 0) throw new Error(`the broker has refused the login: ${reason ?? `error ${code}`}`);
    return answer.bytes();
  });
};

/** Rejects when the connection breaks; never resolves. */
const endOf = (socket: Socket, place: string): Promise<never> => {
  const ended = new Promise<never>((_resolve, reject) => {
    socket.once('error', (error) => reject(new Error(`${place}: ${error.message}`)));
    socket.once('close', () => reject(new Error(`${place} has closed the connection`)));
  });
  ended.catch(() => undefined);
  return ended;
};

const within = async <Answer>(
  timeoutMs: number,
  ended: Promise<never>,
  what: string,
  work: () => Promise<Answer>,
): Promise<Answer> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work(), late, ended]);
  } finally {
    clearTimeout(timer);
  }
};

/** Hands out whole answers, in the order in which they come. */
const answersOf = (socket: Socket): (() => Promise<Buffer>) => {
  let held = Buffer.alloc(0);
  let waiting: ((answer: Buffer) => void) | undefined;
  const handOut = (): void => {
    if (waiting === undefined || held.length < 4) return;
    const size = held.readInt32BE(0);
    if (size < 4 || size > MAX_ANSWER_BYTES) {
      socket.destroy(new Error(`an answer of ${size} bytes was announced, so that this is no Kafka broker`));
      return;
    }
    if (held.length < 4 + size) return;
    const answer = held.subarray(4, 4 + size);
    held = held.subarray(4 + size);
    const resolve = waiting;
    waiting = undefined;
    resolve(answer);
  };
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    handOut();
  });
  return () =>
    new Promise((resolve) => {
      waiting = resolve;
      handOut();
    });
};
