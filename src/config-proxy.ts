import { isIP } from 'node:net';
import { UserError } from './errors.ts';

/**
 * Whose word counts on who asks: as many proxies as stand before the server, or the addresses and networks of those that do. 0: nobody's.
 */
export type TrustProxy = number | readonly string[];

const MOST_HOPS = 10;
// As express knows them: 127.0.0.0/8 and ::1, 169.254.0.0/16 and fe80::/10, the private networks of RFC 1918 and RFC 4193.
const NAMED = ['loopback', 'linklocal', 'uniquelocal'];

/** TRUST_PROXY → what it says. @throws UserError for what is neither a number of proxies nor a list of their addresses */
export function readTrustProxy(text: string | undefined): TrustProxy {
  if (text === undefined) return 0;
  if (/^\d+$/.test(text) && Number(text) <= MOST_HOPS) return Number(text);
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== '');
  const wrong = entries.find((entry) => !NAMED.includes(entry) && !isNetwork(entry));
  if (wrong === undefined && entries.length > 0) return entries;
  throw new UserError(
    `TRUST_PROXY: "${wrong ?? text}" is neither a number of proxies nor the address of one`,
    `Write how many proxies stand before the server (1 on Heroku; ${MOST_HOPS} at most), or their addresses and networks (10.0.0.0/8), separated by commas.`,
  );
}

function isNetwork(entry: string): boolean {
  const [address = '', bits, ...more] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  // All of IPv4 or IPv6 would let everybody name themselves.
  return (
    bits === undefined ||
    (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (version === 4 ? 32 : 128))
  );
}
