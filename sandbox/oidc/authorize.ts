import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Codes } from './codes.ts';
import type { OidcPerson } from './people.ts';

export type OidcClient = { clientId: string; clientSecret: string; redirectUris: readonly string[] };

const Asked = z.object({
  client_id: z.string(),
  redirect_uri: z.string(),
  response_type: z.string().default(''),
  scope: z.string().default(''),
  state: z.string().optional(),
  nonce: z.string().optional(),
  prompt: z.string().optional(),
  code_challenge: z.string().optional(),
  code_challenge_method: z.string().optional(),
});
type Asked = z.infer<typeof Asked>;

/** The page on which a person says who they are, and its form. */
export function createAuthorize({
  client,
  codes,
  people,
}: {
  client: OidcClient;
  codes: Codes;
  people: readonly OidcPerson[];
}): { show(request: Request, response: Response): void; choose(request: Request, response: Response): void } {
  /** The request, once it is known that its answer may go back to the client; otherwise a page says why not, and nobody is sent anywhere. */
  const read = (given: unknown, response: Response): Asked | null => {
    const parsed = Asked.safeParse(given);
    const why = !parsed.success
      ? 'client_id and redirect_uri are needed, each once'
      : parsed.data.client_id !== client.clientId
        ? 'invalid_client: there is no such client'
        : client.redirectUris.includes(parsed.data.redirect_uri)
          ? null
          : `redirect_uri_mismatch: ${parsed.data.redirect_uri} is not registered`;
    if (parsed.success && why === null) return parsed.data;
    sendPage(response, 400, `<h1>This request is refused</h1><p>${escapeHtml(why ?? '')}</p>`);
    return null;
  };
  const sendBack = (asked: Asked, response: Response, answer: Record<string, string>): void => {
    const url = new URL(asked.redirect_uri);
    for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
    if (asked.state !== undefined) url.searchParams.set('state', asked.state);
    response.redirect(303, url.href);
  };
  const check = (asked: Asked, response: Response): boolean => {
    const error = findError(asked);
    if (error !== null) sendBack(asked, response, { error });
    return error === null;
  };

  return {
    show: (request, response) => {
      const asked = read(request.query, response);
      if (asked === null || !check(asked, response)) return;
      sendPage(response, 200, renderChoice(asked, people));
    },
    choose: (request, response) => {
      const body: unknown = request.body;
      const asked = read(body, response);
      if (asked === null || !check(asked, response)) return;
      const chosen: unknown = Reflect.get(Object(body), 'person');
      const person = people.find(({ id }) => id === chosen);
      if (person === undefined) return sendBack(asked, response, { error: 'access_denied' });
      const code = codes.issue({
        person,
        clientId: asked.client_id,
        redirectUri: asked.redirect_uri,
        nonce: asked.nonce ?? null,
        challenge: asked.code_challenge ?? null,
      });
      sendBack(asked, response, { code });
    },
  };
}

function findError(asked: Asked): string | null {
  if (asked.response_type !== 'code') return 'unsupported_response_type';
  if (!asked.scope.split(' ').includes('openid')) return 'invalid_scope';
  // RFC 9700, 2.1.1: "plain" protects nothing.
  if (asked.code_challenge !== undefined && asked.code_challenge_method !== 'S256') return 'invalid_request';
  return asked.prompt === 'none' ? 'login_required' : null;
}

function renderChoice(asked: Asked, people: readonly OidcPerson[]): string {
  const held = Object.entries(asked)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('');
  const rows = people
    .map(
      ({ id, name, email }) =>
        `<p><button name="person" value="${escapeHtml(id)}">${escapeHtml(name)}</button> ${escapeHtml(email)}</p>`,
    )
    .join('');
  return `<h1>Who are you?</h1><p>A sandbox of a sign-in provider: it asks for no password.</p>
    <form method="post" action="/authorize">${held}${rows}<p><button name="person" value="">Cancel</button></p></form>`;
}

function sendPage(response: Response, status: number, body: string): void {
  response
    .status(status)
    .set({ 'cache-control': 'no-store', 'content-security-policy': "default-src 'none'" })
    .type('html')
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in (sandbox)</title>${body}</html>`,
    );
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
