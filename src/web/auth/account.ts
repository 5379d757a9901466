import { Router, urlencoded } from 'express';
import type { Request, Response } from 'express';
import { describeFrame } from '../pages/frame.ts';
import type { SignIn, WebDeps } from '../deps.ts';
import { checkForm, issueFormToken } from '../guard.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import { listOpenTo } from './admission.ts';
import { ownPath } from './own-path.ts';
import { beginSession, visitorOf } from './sessions.ts';
import type { Visitor } from './sessions.ts';

type Deps = Pick<WebDeps, 'db' | 'publicUrl'> & { signIn: SignIn };

/** GET /account: who is signed in, and the workspaces that are open to them; its form goes into another one. Behind `requireVisitor`. */
export function serveAccount(deps: Deps): Router {
  const { db, publicUrl, signIn } = deps;
  const router = Router();

  router.get('/account', async (request, response) => {
    const visitor = needVisitor(request);
    const open = await listOpenTo(db, visitor.email, signIn);
    const html = renderPage('account', {
      ...describeFrame({ title: 'Account', section: null, visitor }),
      ...visitor,
      provider: signIn.provider.name,
      workspace: open.find(({ id }) => id === visitor.workspaceId)?.name ?? '',
      others: open.filter(({ id }) => id !== visitor.workspaceId),
      to: ownPath(request.query['to']),
      token: issueFormToken(request, response, publicUrl),
    });
    response.set('cache-control', 'no-store').type('html').send(html);
  });

  const form = [urlencoded({ extended: false, limit: '4kb', parameterLimit: 5 }), checkForm];
  router.post('/account', form, async (request: Request, response: Response) => {
    const visitor = needVisitor(request);
    const body: Record<string, unknown> = { ...Object(request.body) };
    const open = await listOpenTo(db, visitor.email, signIn);
    const chosen = open.find(({ id }) => id === body['workspace']);
    if (chosen === undefined) throw new HttpError(403, 'This workspace is not open to you');
    await beginSession(deps, request, response, { ...visitor, workspaceId: chosen.id });
    response.redirect(303, ownPath(body['to']));
  });
  return router;
}

function needVisitor(request: Request): Visitor {
  const visitor = visitorOf(request);
  if (visitor === null) throw new Error('the account page was asked for by nobody');
  return visitor;
}
