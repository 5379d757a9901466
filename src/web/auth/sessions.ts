import type { NextFunction, Request, Response } from 'express';
import type { Database } from '../../db.ts';
import type { Starter } from '../../pipeline/store/runs.ts';
import { cleanLine } from '../../pipeline/plain-text.ts';
import { endSession, findSession, saveSession, seeSession } from '../../pipeline/store/sessions.ts';
import type { Session } from '../../pipeline/store/sessions.ts';
import type { SignIn, WebDeps } from '../deps.ts';
import { HttpError } from '../http-error.ts';
import { admit } from './admission.ts';
import { ownCookie, readCookies } from './cookies.ts';
import { makeToken, readToken } from './tokens.ts';
import type { Token } from './tokens.ts';

/** Somebody who is signed in, and what they may do in the workspace that their session is for. */
export type Visitor = Session & { workspaceId: string; mayChange: boolean };

const COOKIE = 'fieldnote_session';
// Of a name that a provider gives.
const LONGEST_NAME = 120;
const visitors = new WeakMap<Request, Visitor>();

/** Who asks; null where nobody has to sign in. */
export function visitorOf(request: Request): Visitor | null {
  return visitors.get(request) ?? null;
}

/** Who asks, "Ada Lind (ada@seller.example)", for what they start and write; without a name where nobody has to sign in. */
export function starterOf(visitor: Session | null): Starter {
  if (visitor === null) return { via: 'web', name: null };
  const { email } = visitor;
  const name = cleanLine(visitor.name).slice(0, LONGEST_NAME).toWellFormed();
  return { via: 'web', name: name === '' || name === email ? email : `${name} (${email})` };
}

/** Begins a session under a new id, and ends the one that the browser had. */
export async function beginSession(
  { db, publicUrl }: Pick<WebDeps, 'db' | 'publicUrl'>,
  request: Request,
  response: Response,
  { workspaceId, email, name }: Session & { workspaceId: string },
): Promise<void> {
  await dropSession(db, readSession(request, publicUrl));
  const token = makeToken(workspaceId);
  await db.inWorkspace(workspaceId, (tx) =>
    saveSession(tx, workspaceId, { tokenHash: token.hash, email, name }),
  );
  const cookie = ownCookie(COOKIE, publicUrl);
  // Until the browser is closed; how long it counts is decided here.
  response.cookie(cookie.name, token.text, cookie.options);
}

/** Signs this browser out. */
export async function leave(
  { db, publicUrl }: Pick<WebDeps, 'db' | 'publicUrl'>,
  request: Request,
  response: Response,
): Promise<void> {
  await dropSession(db, readSession(request, publicUrl));
  const cookie = ownCookie(COOKIE, publicUrl);
  response.clearCookie(cookie.name, cookie.options);
}

/**
 * Lets through who is signed in and may still come in. A browser that goes to a page is sent to sign in and back; everything else is told.
 */
export function requireVisitor({
  db,
  publicUrl,
  signIn,
}: Pick<WebDeps, 'db' | 'publicUrl'> & { signIn: SignIn }) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const token = readSession(request, publicUrl);
    const found = token === null ? null : await findVisitor(db, token, signIn);
    if (found === 'left') {
      await leave({ db, publicUrl }, request, response);
      throw refuseStranger();
    }
    if (found !== null) {
      visitors.set(request, found);
      return next();
    }
    if (request.method !== 'GET' || request.accepts(['html', 'json']) !== 'html' || wantsPart(request))
      throw new HttpError(401, 'You are not signed in', `Sign in at ${publicUrl}/sign-in and try again.`);
    response
      .set('cache-control', 'no-store')
      .redirect(303, `/sign-in?to=${encodeURIComponent(request.originalUrl)}`);
  };
}

/**
 * Asks whether whoever sent a request may still come in, for what goes on after it was let in. That nobody signed out of a page that
 * stands open does not count as being seen.
 */
export function watchVisitor(
  { db, publicUrl, signIn = null }: Pick<WebDeps, 'db' | 'publicUrl' | 'signIn'>,
  request: Request,
): () => Promise<boolean> {
  const token = readSession(request, publicUrl);
  return async () => {
    if (signIn === null) return true;
    if (token === null) return false;
    const { workspaceId } = token;
    return db.inWorkspace(workspaceId, async (tx) => {
      const session = await findSession(tx, token.hash);
      return session !== null && (await admit(tx, { email: session.email, workspaceId, signIn })) !== null;
    });
  };
}

/** Lets a form through only for those who may change things. */
export function requireChanger(request: Request, _response: Response, next: NextFunction): void {
  const visitor = visitorOf(request);
  if (visitor !== null && !visitor.mayChange)
    throw new HttpError(
      403,
      'You may look at everything here, and change nothing',
      `Whoever runs Fieldnote lets you by adding ${visitor.email} to OIDC_ALLOWED_EMAILS.`,
    );
  next();
}

/** Whom nobody lets in. */
export function refuseStranger(email?: string): HttpError {
  return new HttpError(
    403,
    `${email ?? 'Your address'} is not known here`,
    'People come in who own records in a connected CRM under the same address, or whom OIDC_ALLOWED_EMAILS names. Ask whoever runs Fieldnote, or sign in as somebody else.',
  );
}

async function findVisitor(db: Database, token: Token, signIn: SignIn): Promise<Visitor | 'left' | null> {
  const { workspaceId } = token;
  return db.inWorkspace(workspaceId, async (tx) => {
    const session = await seeSession(tx, token.hash);
    if (session === null) return null;
    const admission = await admit(tx, { email: session.email, workspaceId, signIn });
    return admission === null ? 'left' : { ...session, ...admission, workspaceId };
  });
}

async function dropSession(db: Database, token: Token | null): Promise<void> {
  if (token !== null) await db.inWorkspace(token.workspaceId, (tx) => endSession(tx, token.hash));
}

function readSession(request: Request, publicUrl: string): Token | null {
  return readToken(readCookies(request).get(ownCookie(COOKIE, publicUrl).name));
}

/** A picture, a script's request or the like, which can't follow to a page on which somebody signs in. */
function wantsPart(request: Request): boolean {
  const destination = request.get('sec-fetch-dest');
  return destination !== undefined && !['document', 'iframe'].includes(destination);
}
