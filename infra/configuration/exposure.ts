/** Who can reach the API, and what must be set before others than this machine can. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { ApiKey } from './access-keys';
import { ConfigurationError } from './values';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
// The same addresses as IPv6 writes them.
loopback.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');

/** Whether only this machine reaches an address. */
export const isLoopbackAddress = (address: string): boolean =>
  (isIPv4(address) && loopback.check(address, 'ipv4')) || (isIPv6(address) && loopback.check(address, 'ipv6'));

/** Finds all addresses of a name. */
export type Resolve = (host: string) => Promise<ReadonlyArray<string>>;

const resolveAll: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** Without keys everybody who reaches the API is its operator, so that must be this machine alone. Throws ConfigurationError. */
export const refuseExposed = async (
  { host, apiKeys }: { readonly host: string; readonly apiKeys: ReadonlyArray<ApiKey> },
  resolve: Resolve = resolveAll,
  variable: 'HOST' | 'OPS_HOST' = 'HOST',
): Promise<void> => {
  const addresses = await resolve(host).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`${variable} is '${host}', which is no address of this machine (${reason})`);
  });
  if (apiKeys.length > 0) return;
  const reachable = addresses.find((address) => !isLoopbackAddress(address));
  if (reachable === undefined) return;
  const what = reachable === host ? `'${host}'` : `'${host}' (${reachable})`;
  throw new ConfigurationError(
    `${variable} is ${what}, which other machines can reach, and API_KEYS is not set: whoever reached it could do everything. Set ` +
      "API_KEYS=<name>:<client|operator>:<key> (and API_KEY to one of the keys, for this program's own reactors), or leave " +
      `${variable} out to serve this machine alone`,
  );
};

/** The reactors send their commands to the API as everybody does: with keys, they need one. Throws ConfigurationError. */
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
      'API_KEYS is set and API_KEY is not: the reactors send commands to the API, which would refuse each of them. Set ' +
        'API_KEY (or API_KEY_FILE) to the key of one of the entries, best one of their own with the role client',
    );
  }
  if (apiKeys.some(({ key }) => key === apiKey)) return;
  throw new ConfigurationError(
    'API_KEY is none of the keys in API_KEYS: the API would refuse every command of the reactors. Set it to the key of one ' +
      'of the entries, best one of their own with the role client',
  );
};
