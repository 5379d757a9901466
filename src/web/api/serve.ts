import express, { Router } from 'express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { takeOrRefuse } from '../../pipeline/store/limits.ts';
import type { WebDeps } from '../deps.ts';
import { createTries } from '../tries.ts';
import { authenticate, requireScope } from './authenticate.ts';
import type { Caller } from './authenticate.ts';
import { describeApi } from './openapi.ts';
import { ApiError } from './problem.ts';
import { NOTHING } from './route.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';

const API_ROOT = '/api/v1';

// The largest body is 200 domains of 253 characters.
const BODY_LIMIT = '128kb';
// Requests a minute for each token, from all processes together; as many may come at once after a rest.
const PER_MINUTE = 600;
// Unknown tokens from one address. Programs whose token was thrown away go on for a while.
const TRIES = { name: 'tokens', perMinute: 60 };

/** The JSON API: every route of the table, and the document that describes them. */
export function serveApi(deps: WebDeps): Router {
  const router = Router();
  const readBody = express.json({ limit: BODY_LIMIT, strict: false });
  const tries = createTries(deps, TRIES);
  const document = JSON.stringify(describeApi(ROUTES, deps.publicUrl));
  router.get(`${API_ROOT}/openapi.json`, (_request, response) => {
    // It describes every installation alike and tells nothing about this one.
    response.type('json').send(document);
  });
  for (const each of ROUTES) {
    const path = `${API_ROOT}${each.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    const handle: RequestHandler = async (request, response) => {
      const caller = await authenticate(deps, request, tries);
      requireScope(caller, each.scope);
      await takeTurn(deps, caller, each.units ?? 1, response);
      const body = each.body === NOTHING ? undefined : await readJson(request, response, readBody);
      await answer(each, deps, caller, { request, response, body });
    };
    router[each.method](path, handle);
  }
  router.use(API_ROOT, refuseOther(ROUTES));
  return router;
}

async function answer(
  each: Route,
  deps: WebDeps,
  caller: Caller,
  { request, response, body }: { request: Request; response: Response; body: unknown },
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.set('cache-control', 'no-store');
  const { params, query } = request;
  const call = { deps, caller, params, query, body, request, response, signal: gone.signal };
  const answered = await each.run(call);
  if (answered !== null && !response.headersSent) response.status(answered.status).json(answered.body);
}

/** Only once the caller is known: nobody else makes us read megabytes. */
function readJson(request: Request, response: Response, parse: RequestHandler): Promise<unknown> {
  if (!request.is('application/json'))
    throw new ApiError(
      415,
      'The body is not application/json',
      'Send it with Content-Type: application/json.',
    );
  return new Promise((resolve, reject) => {
    parse(request, response, (error?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve(request.body);
    });
  });
}

async function takeTurn(deps: WebDeps, caller: Caller, units: number, response: Response): Promise<void> {
  const bucket = `api:${caller.workspaceId}:${caller.id}`;
  const rate = { perSecond: PER_MINUTE / 60, burst: PER_MINUTE };
  const { taken, left, waitMs } = await takeOrRefuse(deps.db, bucket, rate, units);
  const seconds = Math.ceil(waitMs / 1000);
  response.set({
    'ratelimit-policy': `"token";q=${PER_MINUTE};w=60`,
    ratelimit: `"token";r=${left};t=${seconds}`,
  });
  if (taken) return;
  throw new ApiError(429, 'Too many requests', `Come back in ${seconds} seconds.`, {
    kind: 'too-many-requests',
    headers: { 'retry-after': String(Math.max(1, seconds)) },
  });
}

/** A path that is there under another method says so; any other is nothing. */
function refuseOther(routes: readonly Route[]) {
  const known = routes.map(({ path, method }) => ({
    method: method.toUpperCase(),
    pattern: new RegExp(`^${path.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/]+')}/?$`),
  }));
  return (request: Request, _response: Response, _next: NextFunction): void => {
    const methods = known.filter(({ pattern }) => pattern.test(request.path)).map(({ method }) => method);
    const document = `${API_ROOT}/openapi.json lists all there is.`;
    if (methods.length === 0)
      throw new ApiError(404, `There is nothing at ${request.originalUrl.split('?')[0]}`, document, {
        kind: 'no-such-route',
      });
    throw new ApiError(405, `${request.method} is not for this path`, document, {
      headers: { allow: methods.join(', ') },
    });
  };
}
