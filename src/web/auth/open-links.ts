import { Router } from 'express';
import type { Request, Response } from 'express';
import { holdOpenedLink, takeLink } from '../../pipeline/store/one-time-links.ts';
import type { WebDeps } from '../deps.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import { requestId } from '../requests.ts';
import type { Tries } from '../tries.ts';
import { isVisit } from './is-visit.ts';
import { makeToken, readToken } from './tokens.ts';
import type { Token } from './tokens.ts';

/** How long the page that a link turns into may be loaded again. */
const PAGE_SECONDS = 15 * 60;
const COOKIE = 'fieldnote_opened';
/** What opens nothing counts. People come with a link that was used, now and then. */
export const LINK_TRIES = { name: 'links', perMinute: 60 };

/**
 * GET and POST /l/TOKEN. A person's browser that goes there uses the link up and is sent on to a page of its own. Whatever only looks
 * (previews of chats, scanners of mail, a browser that fetches ahead) uses nothing up: it gets a page with a button. `tries`: what opens nothing.
 */
export function serveLinks({
  db,
  log,
  publicUrl,
  tries,
}: Pick<WebDeps, 'db' | 'log' | 'publicUrl'> & { tries: Tries }): Router {
  const open = async (request: Request, response: Response): Promise<void> => {
    tries.refuse(request);
    const token = readToken(request.params['token']);
    if (token === null) return refuse(request);
    const page = makeToken(token.workspaceId);
    const link = await db.inWorkspace(token.workspaceId, (tx) =>
      takeLink(tx, token.hash, { hash: page.hash, seconds: PAGE_SECONDS }),
    );
    const opened = link === null ? await findOwnPage(request, token) : page.text;
    if (opened === null) return refuse(request);
    if (link !== null)
      log.info(
        {
          requestId: requestId(response),
          record: link.record,
          askedBy: link.askedBy,
          kind: link.target.kind,
        },
        'one-time link opened',
      );
    response.cookie(COOKIE, opened, {
      httpOnly: true,
      sameSite: 'lax',
      secure: publicUrl.startsWith('https:'),
      path: `/l/${token.text}`,
      maxAge: PAGE_SECONDS * 1000,
    });
    response.set('cache-control', 'no-store').redirect(303, `/opened/${opened}`);
  };

  const refuse = async (request: Request): Promise<never> => {
    await tries.count(request);
    throw refuseLink();
  };

  /** The page that this very browser was sent to: a link that is clicked twice opens the same again. */
  const findOwnPage = async (request: Request, token: Token): Promise<string | null> => {
    const sent = /(?:^|;\s*)fieldnote_opened=([A-Za-z0-9_-]+)(?:;|$)/.exec(request.get('cookie') ?? '')?.[1];
    const page = readToken(sent);
    if (page === null || page.workspaceId !== token.workspaceId) return null;
    const link = await db.inWorkspace(page.workspaceId, (tx) => holdOpenedLink(tx, page.hash));
    return link !== null && link.tokenHash.equals(token.hash) ? page.text : null;
  };

  const router = Router();
  router.get('/l/:token', async (request, response) => {
    if (isVisit(request)) return open(request, response);
    // The same for every token: it is not looked at.
    response.set({ 'cache-control': 'no-store', 'x-robots-tag': 'noindex' });
    response.type('html').send(renderPage('open-link', { title: 'Open the document' }));
  });
  router.post('/l/:token', open);
  return router;
}

/** One answer for whatever does not open, so that nobody learns which links there were. */
export function refuseLink(): HttpError {
  return new HttpError(
    410,
    'This link does not open anything any more',
    'A link opens once, within five minutes, and what it opened can be loaded again for fifteen. Go back to the record in the CRM and press the button again.',
  );
}
