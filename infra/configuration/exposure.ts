/** Checks who can reach the API, and which settings that requires. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { ApiKey } from './access-keys';
import { ConfigurationError } from './values';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
// The same addresses mapped to IPv6.
loopback.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');

/** Whether an address is reachable from this machine only. */
export const isLoopbackAddress = (address: string): boolean =>
  (isIPv4(address) && loopback.check(address, 'ipv4')) || (isIPv6(address) && loopback.check(address, 'ipv6'));

/** Resolves a name to all its addresses. */
export type Resolve = (host: string) => Promise<ReadonlyArray<string>>;

const resolveAll: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** Without keys every caller is an operator, so only this machine may reach the API. Throws ConfigurationError. */
export const refuseExposed = async (
  { host, apiKeys }: { readonly host: string; readonly apiKeys: ReadonlyArray<ApiKey> },
  resolve: Resolve = resolveAll,
  variable: 'HOST' | 'OPS_HOST' = 'HOST',
): Promise<void> => {
  const addresses = await resolve(host).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`${variable} is '${host}', which is not an address of this machine (${reason})`);
  });
  if (apiKeys.length > 0) return;
  const reachable = addresses.find((address) => !isLoopbackAddress(address));
  if (reachable === undefined) return;
  const what = reachable === host ? `'${host}'` : `'${host}' (${reachable})`;
  throw new ConfigurationError(
    `${variable} is ${what}, which other machines can reach, and API_KEYS is not set: anybody who can reach it could do everything. Set ` +
      "API_KEYS=<name>:<client|operator>:<key> (and API_KEY to one of the keys, for this program's own reactors), or omit " +
      `${variable} to serve this machine only`,
  );
};

/** The reactors send their commands to the API like any other client: if keys are configured, they need one. Throws ConfigurationError. */
export const refuseReactorsWithoutKey = ({
  apiKeys,
  apiKey,
}: {
  readonly apiKeys: ReadonlyArray<ApiKey>;
  readonly apiKey?: string;
}): void => {
  if (apiKeys.length === 0) return;
  if (apiKey === undefined) {
    throw new ConfigurationError(
      'API_KEYS is set and API_KEY is not: the reactors send commands to the API, which would reject each of them. Set ' +
        'API_KEY (or API_KEY_FILE) to the key of one of the entries, preferably a separate one with the role client',
    );
  }
  if (apiKeys.some(({ key }) => key === apiKey)) return;
  throw new ConfigurationError(
    'API_KEY is not one of the keys in API_KEYS: the API would reject every command of the reactors. Set it to the key of one ' +
      'of the entries, preferably a separate one with the role client',
  );
};
