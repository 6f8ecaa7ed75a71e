/** Ports of the loopback address. */
import { createServer } from 'node:net';

const listenOnce = async (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });

/** A port that was free a moment ago. */
export const freePort = async (): Promise<number> => {
  const port = await listenOnce(0);
  if (port === undefined) throw new Error('127.0.0.1 has no free port');
  return port;
};

/** Whether somebody listens there already. */
export const isTaken = async (port: number): Promise<boolean> => (await listenOnce(port)) === undefined;
