import { isIP } from 'node:net';
import type { Request } from 'express';
import type { WebDeps } from './deps.ts';

/** What tells who asks from others who ask. */
export type AddressDeps = Pick<WebDeps, 'publicUrl' | 'trustProxy'>;

/**
 * Is there a proxy of which nobody told us? The server speaks plain http, so before an https address there is one, and every call comes
 * from its address.
 */
export function isBehindUnknownProxy({ publicUrl, trustProxy = 0 }: AddressDeps): boolean {
  return trustProxy === 0 && publicUrl.startsWith('https:');
}

/**
 * Where a call comes from, as far as calls are counted by it: an IPv4 address, or the /64 of an IPv6 one, which is what one customer of a
 * provider has at least. Null: nobody can tell.
 */
export function addressOf(request: Request, deps: AddressDeps): string | null {
  if (isBehindUnknownProxy(deps)) return null;
  // Express's, from the proxies that TRUST_PROXY names; some of them add the port.
  const said = (request.ip ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  const bare = said.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1');
  const version = isIP(bare);
  if (version === 0) return null;
  return version === 4 ? bare : networkOf(bare);
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = (part: string | undefined): string[] =>
    part === undefined || part === '' ? [] : part.split(':');
  const [left, right] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const first = [...left, ...zeros, ...right].slice(0, 4);
  return `${first.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
