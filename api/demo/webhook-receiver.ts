/** The demonstration's receiver of webhooks: another system that wants to know of each delivery. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { webhookSignature } from '../../infra/webhooks/webhook';
import { DemoStopped } from './patient-requests';

/** Where the receiver listens, and the secret that signatures are checked with. */
export interface WebhookAddress {
  readonly url: string;
  readonly secret: string;
}

export interface WebhookReceiver {
  /** How often each order's delivery was received, by order. */
  readonly received: ReadonlyMap<string, number>;
  /** Requests with a wrong signature, or without an order. */
  readonly refused: () => number;
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Listens at the address's port on the loopback interface. Throws DemoStopped where that is taken. */
export const webhookReceiver = async ({ url, secret }: WebhookAddress): Promise<WebhookReceiver> => {
  const received = new Map<string, number>();
  let refused = 0;
  const { pathname, port } = new URL(url);
  const server = createServer((incoming, response) => {
    receive(incoming, pathname, secret).then(
      (orderId) => {
        if (orderId === undefined) refused += 1;
        else received.set(orderId, (received.get(orderId) ?? 0) + 1);
        answer(response, orderId === undefined ? 400 : 204);
      },
      () => answer(response, 400),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new DemoStopped(`the receiver of webhooks can't listen at ${url}: ${error.message}`)),
    );
    server.listen(Number(port), '127.0.0.1', resolve);
  });
  return {
    received,
    refused: () => refused,
    port: (server.address() as AddressInfo).port,
    close: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
};

const answer = (response: ServerResponse, status: number): void => {
  response.writeHead(status).end();
};

/** The order of a delivery with a valid signature; undefined for anything else. */
const receive = async (incoming: IncomingMessage, path: string, secret: string): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  const header = (name: string): string => String(incoming.headers[name] ?? '');
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = webhookSignature(key, header('webhook-id'), header('webhook-timestamp'), body);
  const given = Buffer.from(header('webhook-signature'));
  const isSigned = given.length === expected.length && timingSafeEqual(given, Buffer.from(expected));
  if (!isSigned || incoming.url !== path) return undefined;
  const { data } = JSON.parse(body) as { readonly data?: { readonly orderId?: unknown } };
  return typeof data?.orderId === 'string' ? data.orderId : undefined;
};
