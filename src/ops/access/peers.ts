import { BlockList, isIP } from 'node:net';
import { StartError } from '../../platform/lifecycle/errors.ts';

/** Loopback, private (RFC 1918, RFC 4193) and link-local addresses. */
export const INTERNAL_RANGES: readonly string[] = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  '169.254.0.0/16',
  'fe80::/10',
];

/**
 * Tells whether the address of a socket's peer is in one of the ranges: CIDR (`10.0.0.0/8`) or single
 * addresses. An address that is missing or that can't be read is in none.
 * @throws StartError when a range can't be read
 */
export function createPeerCheck(ranges: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return (address) => {
    if (address === undefined) return false;
    // fe80::1%eth0 names the interface too.
    const [plain = ''] = address.split('%', 1);
    const family = isIP(plain);
    // An IPv4 address as a dual-stack socket shows it, ::ffff:10.0.0.1, matches the ranges of IPv4 too.
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}

function addRange(list: BlockList, range: string): void {
  const [address = '', prefix, ...rest] = range.split('/');
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || rest.length > 0 || !(length >= 0 && length <= bits)) {
    throw new StartError(`"${range}" is not an IP range; write one like 10.0.0.0/8 or fc00::/7`);
  }
  list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
}
