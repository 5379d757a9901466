import { urlencoded } from 'express';
import type { Express, Request, Response } from 'express';
import type { OauthAnswer, Tokens } from './tokens.ts';

// Both are served ("Manage OAuth access tokens" for each); v1 is left out, for it ends on 16 February 2027.
const VERSIONS = ['2026-03', '2026-09'];

/** Mounts the token endpoints, which take a form in the body and no token. */
export function mountOauth(app: Express, tokens: Tokens): void {
  const answer =
    (operation: string, act: (form: Readonly<Record<string, unknown>>) => OauthAnswer) =>
    (request: Request, response: Response): void => {
      response.locals.operation = operation;
      const { status, body } = readForm(request) ?? act({ ...Object(request.body) });
      response.status(status).json(body);
    };
  const form = urlencoded({ extended: false, limit: '16kb' });
  for (const version of VERSIONS) {
    app.post(`/oauth/${version}/token`, form, answer('token refresh', tokens.grant));
    app.post(`/oauth/${version}/token/introspect`, form, answer('token introspect', tokens.introspect));
  }
}

/** Why a request is not of the form that the endpoints take; null: it is. */
function readForm(request: Request): OauthAnswer | null {
  const refuse = (message: string): OauthAnswer => ({
    status: 400,
    body: { error: 'invalid_request', error_description: message, status: 'BAD_REQUEST', message },
  });
  if (Object.keys(request.query).length > 0) return refuse('parameters belong into the body');
  if (request.is('application/x-www-form-urlencoded') === false)
    return refuse('the body must be application/x-www-form-urlencoded');
  return null;
}
