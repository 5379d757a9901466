import { randomBytes, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import { isLoopback } from '../config.ts';
import { HttpError } from './http-error.ts';

const COOKIE = 'fieldnote_form';

/** Can only this machine reach the pages? A public address before a loopback bind is a proxy: others reach them. */
export function isPrivateBind({ host, publicUrl }: { host: string; publicUrl: string }): boolean {
  return isLoopback(host) && isLoopback(nameOf(new URL(publicUrl).host));
}

/**
 * Against DNS rebinding: on loopback a page of another site can name us by a domain of its own that resolves to 127.0.0.1,
 * and its script would then read ours as its own. So we answer only to our own names. Beyond loopback anything may
 * name us (load balancers probe by address), and pages refuse anyway.
 */
export function checkHost({ host, publicUrl }: { host: string; publicUrl: string }) {
  const own = nameOf(new URL(publicUrl).host);
  return (request: Request, _response: Response, next: NextFunction): void => {
    const name = nameOf(request.get('host') ?? '');
    if (isLoopback(host) && !isLoopback(name) && name !== own)
      throw new HttpError(421, 'This server answers only to its own address', `Open ${publicUrl}.`);
    next();
  };
}

/** Pages show what the CRMs hold; whoever can reach them must be known. For servers on which nobody can sign in. */
export function refuseBeyondLoopback(bind: { host: string; publicUrl: string }) {
  const open = isPrivateBind(bind);
  return (_request: Request, _response: Response, next: NextFunction): void => {
    if (!open)
      throw new HttpError(
        403,
        'Pages are closed: this server can be reached from other machines, and sign-in is not set up',
        'Set sign-in up (docs/sign-in.md), or set HOST=127.0.0.1 and a PUBLIC_URL on 127.0.0.1, and open the pages from this machine, for example through "ssh -L 3000:127.0.0.1:3000". /healthz, /readyz and /metrics stay open.',
      );
    next();
  };
}

/** The token that a page's forms send back; the browser keeps its twin in a cookie that no other site can read or send. */
export function issueFormToken(request: Request, response: Response, publicUrl: string): string {
  const known = readFormCookie(request);
  if (known !== null) return known;
  const token = randomBytes(24).toString('base64url');
  // Lax, not strict: whoever comes by a link from a chat keeps the token that their other tabs hold.
  response.cookie(COOKIE, token, {
    httpOnly: true,
    sameSite: 'lax',
    path: '/',
    secure: publicUrl.startsWith('https:'),
  });
  return token;
}

/** Lets a form through only from our own page: the browser says same origin, and the token is the cookie's. */
export function checkForm(request: Request, _response: Response, next: NextFunction): void {
  const site = request.get('sec-fetch-site');
  const origin = request.get('origin');
  // Browsers that do not send Sec-Fetch-Site send Origin with a form.
  const sameOrigin =
    site === undefined
      ? origin !== undefined && URL.canParse(origin) && new URL(origin).host === request.get('host')
      : site === 'same-origin';
  if (!sameOrigin)
    throw new HttpError(
      403,
      'This form came from another site',
      'Open the page here and press the button again.',
    );
  const cookie = readFormCookie(request);
  const body: unknown = request.body;
  const sent = typeof body === 'object' && body !== null ? Reflect.get(body, 'token') : undefined;
  if (cookie === null || typeof sent !== 'string' || !isSame(cookie, sent))
    throw new HttpError(403, 'This page is out of date', 'Reload it and press the button again.');
  next();
}

function readFormCookie(request: Request): string | null {
  return /(?:^|;\s*)fieldnote_form=([A-Za-z0-9_-]{32})(?:;|$)/.exec(request.get('cookie') ?? '')?.[1] ?? null;
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** A Host header → its name: without port, trailing dot and brackets, in lower case. */
export function nameOf(host: string): string {
  const name = host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 6 ? bare : name;
}
