import type { Request, Response } from 'express';
import { z } from 'zod';
import type { SignInAttempt } from '../../connectors/identity.ts';
import { ownCookie, readCookies } from './cookies.ts';

/** A sign-in under way in a browser, and where it goes on afterwards. */
export type Begun = SignInAttempt & { to: string };

const Held = z.strictObject({ state: z.string(), nonce: z.string(), verifier: z.string(), to: z.string() });
const MINUTES = 10;
// Of two tabs that sign in at once both may end well. More than this, and the oldest are not waited for.
const MOST = 4;
const PREFIX = 'fieldnote_sign_in_';
const nameOf = (state: string): string => PREFIX + state.slice(0, 12);

/**
 * Keeps it in a cookie, for ten minutes: it concerns that browser alone, which can do nothing with it but come back itself, and no
 * process has to remember.
 */
export function holdAttempt(request: Request, response: Response, begun: Begun, publicUrl: string): void {
  const others = [...readCookies(request).keys()].filter((name) => name.includes(PREFIX));
  for (const name of others.slice(0, Math.max(0, others.length - MOST + 1)))
    response.clearCookie(name, ownCookie('', publicUrl).options);
  const { name, options } = ownCookie(nameOf(begun.state), publicUrl);
  response.cookie(name, Buffer.from(JSON.stringify(begun)).toString('base64url'), {
    ...options,
    maxAge: MINUTES * 60_000,
  });
}

/** The attempt of this state that this browser began, and no longer holds: it is good for one answer. Null: it began none. */
export function takeAttempt(request: Request, response: Response, publicUrl: string): Begun | null {
  const state = request.query['state'];
  if (typeof state !== 'string') return null;
  const { name, options } = ownCookie(nameOf(state), publicUrl);
  const held = readCookies(request).get(name);
  if (held === undefined) return null;
  response.clearCookie(name, options);
  const parsed = Held.safeParse(parse(Buffer.from(held, 'base64url').toString()));
  return parsed.success && parsed.data.state === state ? parsed.data : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
