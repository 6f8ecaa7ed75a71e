/** The server's sockets: how long each may be slow or silent, and how all of them end when the server does. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../infra/clock';

export interface ConnectionLimits {
  /** For a whole request to arrive, its headers and its body; also for the first byte of a new connection. */
  readonly requestTimeoutMs: number;
  /** How often Node looks for those that are over their time. */
  readonly checkIntervalMs: number;
  /** What is under way when the server closes may be answered for so long; then every socket that is left is destroyed. */
  readonly closeGraceMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  requestTimeoutMs: 15_000,
  checkIntervalMs: 1_000,
  closeGraceMs: 3_000,
};

/** Watches the server's sockets; Node's own `closeIdleConnections` passes by those that never sent a request. */
export const endConnectionsOnClose = (
  app: FastifyInstance,
  closeGraceMs: number,
  clock: Pick<Clock, 'sleep'>,
): void => {
  /** Every socket with the number of its requests that are not answered yet. */
  const sockets = new Map<Socket, number>();
  let isClosing = false;

  app.server.on('connection', (socket: Socket) => {
    sockets.set(socket, 0);
    socket.once('close', () => sockets.delete(socket));
  });
  app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    sockets.set(socket, (sockets.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (sockets.get(socket) ?? 1) - 1;
      if (!socket.destroyed) sockets.set(socket, left);
      if (isClosing && left === 0) socket.destroySoon();
    });
  });
  app.addHook('preClose', (done) => {
    isClosing = true;
    for (const [socket, requests] of sockets) if (requests === 0) socket.destroy();
    const closed = new AbortController();
    app.server.once('close', () => closed.abort());
    void clock.sleep(closeGraceMs, closed.signal).then(() => {
      for (const socket of sockets.keys()) socket.destroy();
    });
    done();
  });
};

/** Node looks at the time-outs only so often; the property is there, whatever its types say. */
export const checkIntervalOf = (server: Server): number | undefined =>
  (server as { readonly connectionsCheckingInterval?: number }).connectionsCheckingInterval;
