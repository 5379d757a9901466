import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { SignInAttempt } from '../../connectors/identity.ts';
import { ownCookie, readCookies } from './cookies.ts';
import { ownPath } from './own-path.ts';

/** A sign-in under way in a browser, and where it goes on afterwards. */
export type Begun = SignInAttempt & { to: string };

/** What signs it, the same in every process. */
export type AttemptKey = Buffer;

const Held = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  to: z.string(),
  /** Milliseconds since 1970. */
  until: z.number(),
});
const MINUTES = 10;
// Of two tabs that sign in at once both may end well. More than this, and the oldest are not waited for.
const MOST = 4;
const PREFIX = 'fieldnote_sign_in_';
const nameOf = (state: string): string => PREFIX + state.slice(0, 12);

/** Sign-in cannot be set up without the provider's client secret, which all processes share; a SECRET_KEY can be missing. */
export function deriveAttemptKey(clientSecret: string): AttemptKey {
  return Buffer.from(hkdfSync('sha256', clientSecret, '', 'fieldnote sign-in attempt', 32));
}

/**
 * Keeps it in a cookie, for ten minutes: it concerns that browser alone, which can do nothing with it but come back itself, and no
 * process has to remember. Signed, so that one which somebody else put there is none.
 */
export function holdAttempt(
  request: Request,
  response: Response,
  begun: Begun,
  { publicUrl, key }: { publicUrl: string; key: AttemptKey },
): void {
  const others = [...readCookies(request).keys()].filter((name) => name.includes(PREFIX));
  for (const name of others.slice(0, Math.max(0, others.length - MOST + 1)))
    response.clearCookie(name, ownCookie('', publicUrl).options);
  const { name, options } = ownCookie(nameOf(begun.state), publicUrl);
  const maxAge = MINUTES * 60_000;
  const text = Buffer.from(JSON.stringify({ ...begun, until: Date.now() + maxAge })).toString('base64url');
  response.cookie(name, `${text}.${sign(text, key).toString('base64url')}`, { ...options, maxAge });
}

/** The attempt of this state that this browser began, and no longer holds: it is good for one answer. Null: it began none. */
export function takeAttempt(
  request: Request,
  response: Response,
  { publicUrl, key }: { publicUrl: string; key: AttemptKey },
): Begun | null {
  const state = request.query['state'];
  if (typeof state !== 'string') return null;
  const { name, options } = ownCookie(nameOf(state), publicUrl);
  const held = readCookies(request).get(name);
  if (held === undefined) return null;
  response.clearCookie(name, options);
  const [text = '', signature = ''] = held.split('.');
  const [signed, due] = [Buffer.from(signature, 'base64url'), sign(text, key)];
  if (signed.length !== due.length || !timingSafeEqual(signed, due)) return null;
  const parsed = Held.safeParse(parse(Buffer.from(text, 'base64url').toString()));
  if (!parsed.success || parsed.data.state !== state) return null;
  const { until, ...begun } = parsed.data;
  // Where it leads is judged anew: what was allowed when it began need not be so now.
  return Date.now() < until ? { ...begun, to: ownPath(begun.to) } : null;
}

function sign(text: string, key: AttemptKey): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
