/** Which addresses are not on the public internet: a webhook to one of them could reach services that trust their network. */
import { BlockList, isIP } from 'node:net';

/** IANA special-purpose address registries (RFC 6890 and its updates). */
const IPV4: ReadonlyArray<readonly [string, number]> = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const IPV6: ReadonlyArray<readonly [string, number]> = [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const special = new BlockList();
for (const [network, prefix] of IPV4) special.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of IPV6) special.addSubnet(network, prefix, 'ipv6');

/** NAT64 embeds an IPv4 address in its last 32 bits. */
const NAT64 = new BlockList();
NAT64.addSubnet('64:ff9b::', 96, 'ipv6');

/** Whether an IP address is private, local or reserved. IPv4 addresses inside IPv6 ones count as what they stand for. */
export const isPrivateAddress = (address: string): boolean => {
  const family = isIP(address);
  if (family === 4) return special.check(address, 'ipv4');
  if (family !== 6) return true;
  const [bare = address] = address.split('%');
  // BlockList checks IPv4-mapped addresses (::ffff:a.b.c.d) against the IPv4 networks too.
  if (special.check(bare, 'ipv6')) return true;
  const embedded = NAT64.check(bare, 'ipv6') || /^::(ffff:)?/i.test(bare) ? ipv4In(bare) : undefined;
  return embedded !== undefined && special.check(embedded, 'ipv4');
};

/** The IPv4 address in the last 32 bits of an IPv6 address. */
const ipv4In = (address: string): string | undefined => {
  const dotted = /(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const groups = address.split(':');
  const [high, low] = [groups.at(-2) ?? '', groups.at(-1) ?? ''].map((group) => Number.parseInt(group || '0', 16));
  if (high === undefined || low === undefined || Number.isNaN(high) || Number.isNaN(low)) return undefined;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
};
