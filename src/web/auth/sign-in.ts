import { Router, urlencoded } from 'express';
import type { Request, Response } from 'express';
import { ProviderError, describeError } from '../../errors.ts';
import type { SignIn, WebDeps } from '../deps.ts';
import { checkForm, nameOf } from '../guard.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import { requestId } from '../requests.ts';
import { createTries } from '../tries.ts';
import { listOpenTo } from './admission.ts';
import { holdAttempt, takeAttempt } from './attempts.ts';
import { ownPath } from './own-path.ts';
import { beginSession, leave, refuseStranger } from './sessions.ts';

const FORM_LIMIT = '4kb';

// One sign-in takes three; an office behind one address may begin its day.
const TRIES = { name: 'sign-in', perMinute: 120 };

type Deps = Pick<WebDeps, 'db' | 'log' | 'publicUrl' | 'trustProxy'> & { signIn: SignIn };

/**
 * GET /sign-in: a page with one button. …/start sends the browser to the provider, …/callback is where it comes back to. POST /sign-out
 * ends the session.
 */
export function serveSignIn(deps: Deps): Router {
  const { db, log, publicUrl, signIn } = deps;
  const { provider } = signIn;
  const held = { publicUrl, key: signIn.attemptKey };
  const callback = `${publicUrl}/sign-in/callback`;
  const tries = createTries(deps, TRIES);
  const router = Router();
  // What follows asks the provider, and says whom it let in.
  router.use('/sign-in', async (request, _response, next) => {
    await tries.count(request);
    next();
  });

  router.get('/sign-in', (request, response) => {
    const to = ownPath(request.query['to']);
    response.set('cache-control', 'no-store').type('html');
    const start = `/sign-in/start?to=${encodeURIComponent(to)}`;
    const left = request.query['left'] !== undefined;
    response.send(renderPage('sign-in', { title: 'Sign in', provider: provider.name, start, left }));
  });

  router.get('/sign-in/start', async (request, response) => {
    response.set('cache-control', 'no-store');
    const to = ownPath(request.query['to']);
    // The provider sends people back to the public address: the cookie must be of that host.
    const own = nameOf(new URL(publicUrl).host);
    if (nameOf(request.get('host') ?? '') !== own)
      return response.redirect(303, `${publicUrl}/sign-in?to=${encodeURIComponent(to)}`);
    const { address, attempt } = await provider.begin(callback).catch((error: unknown) => {
      throw explain(error, response);
    });
    holdAttempt(request, response, { ...attempt, to }, held);
    response.redirect(303, address);
  });

  router.get('/sign-in/callback', async (request, response) => {
    response.set('cache-control', 'no-store');
    const begun = takeAttempt(request, response, held);
    if (begun === null)
      throw new HttpError(
        400,
        'This sign-in was not begun in this browser within the last ten minutes',
        `Begin again at ${publicUrl}/sign-in.`,
      );
    const cameBackTo = new URL(`${callback}${new URL(request.originalUrl, publicUrl).search}`);
    const person = await provider.finish(cameBackTo, begun).catch((error: unknown) => {
      throw explain(error, response);
    });
    const [workspace, ...others] = await listOpenTo(db, person.email, signIn);
    if (workspace === undefined) {
      log.warn(
        { requestId: requestId(response), email: person.email },
        'somebody who is not known signed in',
      );
      throw refuseStranger(person.email);
    }
    await beginSession(deps, request, response, { ...person, workspaceId: workspace.id });
    log.info({ requestId: requestId(response), email: person.email }, 'signed in');
    response.redirect(303, others.length > 0 ? `/account?to=${encodeURIComponent(begun.to)}` : begun.to);
  });

  const form = [urlencoded({ extended: false, limit: FORM_LIMIT, parameterLimit: 5 }), checkForm];
  router.post('/sign-out', form, async (request: Request, response: Response) => {
    await leave(deps, request, response);
    response.set('cache-control', 'no-store').redirect(303, '/sign-in?left');
  });

  /** What somebody who signs in can do about it; what we can do stands in the log. */
  const explain = (error: unknown, response: Response): unknown => {
    if (!(error instanceof ProviderError)) return error;
    const again = `Begin again at ${publicUrl}/sign-in.`;
    if (error.kind === 'refused' && error.code === undefined)
      return new HttpError(403, `${provider.name} let you in, but ${withoutFrame(error)}`, again);
    if (error.kind === 'refused')
      return new HttpError(403, `${provider.name} did not let you in (${error.code ?? 'no reason'})`, again);
    log.error(
      { requestId: requestId(response), err: describeError(error), fix: error.fix },
      'nobody can sign in',
    );
    if (error.kind === 'unavailable' || error.kind === 'rate-limited')
      return new HttpError(
        503,
        `${provider.name} does not answer, so nobody can sign in just now`,
        'Who is signed in stays so. Try again in a minute.',
      );
    if (error.kind === 'unauthorized')
      return new HttpError(502, `${provider.name} does not know Fieldnote as it is set up`, error.fix);
    return new HttpError(502, `The proof that ${provider.name} sent does not hold`, again);
  };
  return router;
}

/** The sentence alone: people know whom they asked. */
function withoutFrame({ provider, operation, message }: ProviderError): string {
  return message.replace(`${provider} ${operation}: `, '');
}
