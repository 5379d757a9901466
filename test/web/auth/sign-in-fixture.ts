import assert from 'node:assert/strict';
import { makePerson } from '../../../sandbox/oidc/people.ts';
import type { OidcPerson } from '../../../sandbox/oidc/people.ts';
import { startOidcTwin } from '../../../sandbox/oidc/twin.ts';
import type { Twin } from '../../../sandbox/kit/twin.ts';
import { createOidc } from '../../../src/connectors/oidc/oidc.ts';
import type { OidcOptions } from '../../../src/connectors/oidc/oidc.ts';
import { freePort } from '../../../src/embedded/ports.ts';
import { deriveAttemptKey } from '../../../src/web/auth/attempts.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { replaceUsers } from '../../../src/pipeline/store/crm-users.ts';
import { openWeb } from '../web-fixture.ts';
import type { TestWeb } from '../web-fixture.ts';

/** Is named in the settings. */
export const ADMIN = makePerson('Ada Admin', 'seller.example');
/** Owns records in the CRM. */
export const REP = makePerson('Rui Rep', 'seller.example');
export const STRANGER = makePerson('Stan Stranger', 'elsewhere.example');

export const CLIENT = { clientId: 'fieldnote', clientSecret: 'its secret' };

export type SignInWeb = TestWeb & { twin: Twin; edit(body: unknown): Promise<void> };

export const ATTEMPT_KEY = deriveAttemptKey(CLIENT.clientSecret);

/** A web server on which people sign in at a twin. */
export async function openSignInWeb(
  oidc: Partial<OidcOptions> = {},
  server: Pick<NonNullable<Parameters<typeof openWeb>[0]>, 'trustProxy' | 'heartbeatMs'> = {},
): Promise<SignInWeb> {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const twin = await startOidcTwin({
    people: [ADMIN, REP, STRANGER],
    client: { ...CLIENT, redirectUris: [`${publicUrl}/sign-in/callback`] },
  });
  const provider = createOidc({ ...CLIENT, issuer: twin.url, preset: null, tenant: null, ...oidc });
  const signIn = { provider, allowedEmails: [ADMIN.email], attemptKey: ATTEMPT_KEY };
  const web = await openWeb({ port, publicUrl, signIn, ...server });
  await ownRecords(web, web.workspaceId, [REP]);
  return {
    ...web,
    twin,
    edit: (body) => editTwin(twin, 'edit', body),
    close: async () => {
      await web.close();
      await twin.close();
    },
  };
}

export async function editTwin(twin: Twin, what: 'edit' | 'faults' | 'clock', body: unknown): Promise<void> {
  const answer = await fetch(`${twin.url}/_twin/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** The CRM users of a workspace's connection, as a sync leaves them. */
export async function ownRecords(
  web: TestWeb,
  workspaceId: string,
  people: readonly OidcPerson[],
): Promise<void> {
  await web.database.db.inWorkspace(workspaceId, async (tx) => {
    const { id: connectionId } = await ensureConnection(tx, workspaceId, 'hubspot', 'default');
    await replaceUsers(
      tx,
      { workspaceId, connectionId },
      people.map(({ id, name, email }) => ({ externalId: id, name, email })),
    );
  });
}

export type Client = {
  get(url: string, headers?: Record<string, string>): Promise<Response>;
  post(url: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
  cookies: Map<string, string>;
};

/** Keeps cookies as a browser does, and follows nothing by itself. */
export function openClient(): Client {
  const cookies = new Map<string, string>();
  const send = async (url: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('accept', 'text/html');
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (/expires=thu, 01 jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    cookies,
    get: (url, headers = {}) => send(url, { headers }),
    post: (url, form, headers = {}) =>
      send(url, { method: 'POST', body: new URLSearchParams(form), headers }),
  };
}

/** Where an answer leads. */
export function leadsTo(response: Response): URL {
  assert.equal(response.status, 303);
  return new URL(response.headers.get('location') ?? '', response.url);
}

/** As a person signs in: the provider's page, its form, and back. @returns our answer to who comes back */
export async function signIn(
  client: Client,
  web: SignInWeb,
  person: OidcPerson | null,
  to = '/',
): Promise<Response> {
  return client.get(await comeBack(client, web, person, to));
}

/** The address that the provider sends somebody back to. */
export async function comeBack(
  client: Client,
  web: SignInWeb,
  person: OidcPerson | null,
  to = '/',
): Promise<string> {
  const start = await client.get(`${web.base}/sign-in/start?to=${encodeURIComponent(to)}`);
  const asked = leadsTo(start);
  const answer = await fetch(`${web.twin.url}/authorize`, {
    method: 'POST',
    body: new URLSearchParams({ ...Object.fromEntries(asked.searchParams), person: person?.id ?? '' }),
    redirect: 'manual',
  });
  return leadsTo(answer).href;
}
