import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector } from 'undici';
import type { Dispatcher } from 'undici';

/** What the guard lets through; tests hand in a resolver and their own server's address and port. */
export type GuardOptions = {
  /** Further addresses that may be called although they are not public. */
  allowAddress?: (address: string) => boolean;
  /** Ports beside 80 and 443. */
  allowPort?: (port: number) => boolean;
  /** Resolves a host name to all its addresses, as dns.lookup does with `all`. */
  lookup?: ResolveAll;
};

export type ResolveAll = (
  hostname: string,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/** A host turned out to stand at an address that we never call. */
export class PrivateAddressError extends Error {
  override name = 'PrivateAddressError';
}

// 2000::/3 is all that IANA has given out as global unicast.
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
const CONNECT_TIMEOUT_MS = 10_000;
const LOCAL_NAMES = /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home|corp|home\.arpa)$/;

/**
 * True for addresses of the public internet. Private, loopback, link-local (cloud metadata), carrier, documentation,
 * benchmarking, multicast and reserved ranges are not, nor is IPv6 that wraps an IPv4 address (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}

/** A URL's host without the brackets of IPv6. */
function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * What speaks against calling a URL, before any name is resolved; null when nothing does.
 * URL has already turned decimal, octal and hexadecimal forms of an IPv4 address into the usual one.
 */
export function refuseUrl(
  url: URL,
  guard: GuardOptions,
): { reason: 'not-allowed' | 'private-address'; detail: string } | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { reason: 'not-allowed', detail: `${url.protocol} is not read, only http and https` };
  if (url.username !== '' || url.password !== '')
    return { reason: 'not-allowed', detail: 'the address carries credentials' };
  const port = url.port === '' ? null : Number(url.port);
  if (port !== null && port !== 80 && port !== 443 && guard.allowPort?.(port) !== true)
    return { reason: 'not-allowed', detail: `port ${port} is not read, only 80 and 443` };
  const host = bareHost(url.hostname).replace(/\.$/, '');
  if (isIP(host) !== 0) {
    if (isPublicAddress(host) || guard.allowAddress?.(host) === true) return null;
    return { reason: 'private-address', detail: `${host} is not a public address` };
  }
  if (LOCAL_NAMES.test(host) || !host.includes('.'))
    return { reason: 'private-address', detail: `${host} is a local name` };
  return null;
}

const resolveAll: ResolveAll = (hostname, callback) => {
  systemLookup(hostname, { all: true }, callback);
};

/**
 * An undici dispatcher that refuses literal and resolved addresses that are not public at the moment of connecting, and connects
 * to exactly the addresses that it checked. Use it with undici's own fetch.
 */
export function createGuardedAgent(guard: GuardOptions): Dispatcher {
  const resolve = guard.lookup ?? resolveAll;
  const allowed = (address: string): boolean =>
    isPublicAddress(address) || guard.allowAddress?.(address) === true;

  const lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, (error, addresses) => {
      if (error !== null) return callback(error, '');
      // One bad address among good ones is a trick, not a mistake.
      const bad = addresses.find(({ address }) => !allowed(address));
      if (bad !== undefined)
        return callback(new PrivateAddressError(`${hostname} is ${bad.address}, not a public address`), '');
      const first = addresses[0];
      if (first === undefined)
        return callback(Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' }), '');
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup });

  return new Agent({
    // A literal address never goes through lookup.
    connect: (options, callback) => {
      const host = bareHost(options.hostname);
      if (isIP(host) !== 0 && !allowed(host))
        callback(new PrivateAddressError(`${host} is not a public address`), null);
      else connect(options, callback);
    },
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
    keepAliveTimeout: 4000,
  });
}
