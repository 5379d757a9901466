import type { CookieOptions, Request } from 'express';

/**
 * The name and the manners of a cookie that only this server may set and read. Beyond this machine that is https, where browsers let no
 * other host of the domain set a cookie of such a name (RFC 6265bis, 4.1.3.2).
 */
export function ownCookie(name: string, publicUrl: string): { name: string; options: CookieOptions } {
  const secure = publicUrl.startsWith('https:');
  return {
    name: secure ? `__Host-${name}` : name,
    // Lax, not strict: people come by links from the CRM and from chats.
    options: { httpOnly: true, sameSite: 'lax', path: '/', secure },
  };
}

/** Every cookie that came with a request; of two of a name the first. */
export function readCookies(request: Request): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (request.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    if (at > 0 && !cookies.has(name)) cookies.set(name, pair.slice(at + 1).trim());
  }
  return cookies;
}
