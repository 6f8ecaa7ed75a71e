/** Listens, or says which setting is in the way. */
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ConfigurationError } from '../../infra/configuration';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** The setting that names the port. */
  readonly variable: 'PORT' | 'OPS_PORT';
}

/** Returns the address as a URL. Throws ConfigurationError where the port is taken. */
export const listen = async (app: FastifyInstance, { host, port, variable }: ListenOptions): Promise<string> => {
  try {
    await app.listen({ host, port });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') throw error;
    throw new ConfigurationError(`port ${port} on ${host} is taken: end the process that has it, or set ${variable}`);
  }
  // A server that listens on a port has an address that is not a pipe's name.
  const address = app.server.address() as AddressInfo;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
};
