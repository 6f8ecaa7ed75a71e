/** A way to a broker that can swallow its answers, and a port where somebody listens and never says a word. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_INTERVAL_MS = 50;
/** Clients have 20 seconds to leave. */
const MAX_LOOKS = 400;

/** Between clients and a broker. Connections that have lost an answer never work again; new ones do, once it is healed. */
export interface KafkaProxy {
  /** `host:port`, for clients; the broker's answers name it as the broker's address. */
  readonly servers: string;
  /** From now on requests reach the broker, and no answer comes back: to all connections, or to those that ask for it. */
  readonly swallow: () => void;
  readonly heal: () => void;
  /**
   * Resets the connections that have lost an answer, and lets the clients leave: one that still waits for the answer to a
   * commit of offsets ends only when a broker gives it.
   */
  readonly close: () => Promise<void>;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return portOf(server);
};

const closing = async (server: Server, sockets: ReadonlySet<Socket>): Promise<void> => {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
};

/** Starts one before a broker on this machine. */
export const kafkaProxy = async (brokerServers: string): Promise<KafkaProxy> => {
  const brokerPort = Number(brokerServers.split(':')[1]);
  const sockets = new Set<Socket>();
  const deaf = new Set<Socket>();
  let isSwallowing = false;
  let rewrite = (chunk: Buffer): Buffer => chunk;
  const server = createServer((client) => {
    const broker = connect(brokerPort, '127.0.0.1');
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        deaf.delete(client);
        client.destroy();
        broker.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => void broker.write(chunk));
    broker.on('data', (chunk: Buffer) => {
      if (isSwallowing) deaf.add(client);
      if (!deaf.has(client)) client.write(rewrite(chunk));
    });
  });
  const port = await listening(server);
  rewrite = addressRewriter(brokerPort, port);
  return {
    servers: `127.0.0.1:${port}`,
    swallow: () => void (isSwallowing = true),
    heal: () => void (isSwallowing = false),
    close: async () => {
      isSwallowing = false;
      for (const client of deaf) client.destroy();
      for (let look = 0; look < MAX_LOOKS && sockets.size > 0; look += 1) await delay(LOOK_INTERVAL_MS);
      await closing(server, sockets);
    },
  };
};

/** Puts another port behind the broker's host, in answers about the cluster. */
const addressRewriter = (from: number, to: number) => {
  const written = (port: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(port);
    return Buffer.concat([Buffer.from('127.0.0.1'), bytes]);
  };
  const wanted = written(from);
  const replacement = written(to);
  return (chunk: Buffer): Buffer => {
    for (let at = chunk.indexOf(wanted); at >= 0; at = chunk.indexOf(wanted, at + 1)) replacement.copy(chunk, at);
    return chunk;
  };
};

/** Accepts connections and never answers. */
export const silentServer = async (): Promise<{ readonly servers: string; readonly close: () => Promise<void> }> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
  });
  const port = await listening(server);
  return { servers: `127.0.0.1:${port}`, close: () => closing(server, sockets) };
};
