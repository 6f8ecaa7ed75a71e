/** A server that answers what a test says, and remembers what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface ServedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What to answer; undefined leaves the request without an answer. */
export type ServedAnswer =
  | {
      readonly status: number;
      readonly body?: unknown;
      /** Sent as it is instead of `body`. */
      readonly text?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'cut the connection'
  | undefined;

export interface LocalServer {
  readonly url: string;
  readonly requests: ReadonlyArray<ServedRequest>;
  readonly close: () => Promise<void>;
}

/** Starts on a free port of the loopback interface. */
export const localServer = async (
  answer: (request: ServedRequest) => ServedAnswer | Promise<ServedAnswer>,
): Promise<LocalServer> => {
  const requests: ServedRequest[] = [];
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = incoming;
    const request = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
    requests.push(request);
    const served = await answer(request);
    if (served === undefined) return;
    if (served === 'cut the connection') {
      incoming.socket.destroy();
      return;
    }
    response.writeHead(served.status, { 'content-type': 'application/json', ...served.headers });
    response.end(served.text ?? JSON.stringify(served.body ?? {}));
  };
  const server = createServer((incoming, response) => {
    // A client that gives up in the middle of its request is no failure of this server.
    serve(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
