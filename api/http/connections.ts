/** The server's sockets: how long each may be slow or idle, and how they are closed at shutdown. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../infra/clock';

export interface ConnectionLimits {
  /** Until a whole request has arrived (headers and body); also until the first byte of a new connection. */
  readonly requestTimeoutMs: number;
  /** How often Node checks for connections that have timed out. */
  readonly checkIntervalMs: number;
  /** How long requests in progress may take once the server closes; then all remaining sockets are destroyed. */
  readonly closeGraceMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  requestTimeoutMs: 15_000,
  checkIntervalMs: 1_000,
  closeGraceMs: 3_000,
};

/** Watches the server's sockets; Node's own `closeIdleConnections` ignores those that never sent a request. */
export const endConnectionsOnClose = (
  app: FastifyInstance,
  closeGraceMs: number,
  clock: Pick<Clock, 'sleep'>,
): void => {
  /** Every socket with the number of its pending requests. */
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

/** The interval at which Node checks timeouts; the property exists, although its types omit it. */
export const checkIntervalOf = (server: Server): number | undefined =>
  (server as { readonly connectionsCheckingInterval?: number }).connectionsCheckingInterval;
