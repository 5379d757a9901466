import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { makePerson } from '../../sandbox/oidc/people.ts';
import { startOidcTwin } from '../../sandbox/oidc/twin.ts';
import type { Twin } from '../../sandbox/kit/twin.ts';

const NORA = makePerson('Nora Vance', 'seller.example');
const VERIFIER = 'v'.repeat(43);
const ASKED = {
  client_id: 'client',
  redirect_uri: 'https://notes.example/callback',
  response_type: 'code',
  scope: 'openid email',
  state: 'its state',
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 'S256',
};

let twin: Twin;
before(async () => {
  twin = await startOidcTwin({
    people: [NORA],
    client: { clientId: 'client', clientSecret: 'secret', redirectUris: [ASKED.redirect_uri] },
  });
});
after(() => twin.close());

const choose = (asked: Record<string, string>): Promise<Response> =>
  fetch(`${twin.url}/authorize`, {
    method: 'POST',
    body: new URLSearchParams({ person: NORA.id, ...asked }),
    redirect: 'manual',
  });
const getCode = async (asked: Record<string, string> = ASKED): Promise<string> => {
  const back = new URL((await choose(asked)).headers.get('location') ?? '');
  assert.equal(back.searchParams.get('state'), ASKED.state);
  return back.searchParams.get('code') ?? assert.fail(back.href);
};
const redeem = async (code: string, change: Record<string, string> = {}): Promise<[number, string]> => {
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: ASKED.redirect_uri,
    client_id: 'client',
    client_secret: 'secret',
    code_verifier: VERIFIER,
    ...change,
  };
  const answer = await fetch(`${twin.url}/token`, { method: 'POST', body: new URLSearchParams(form) });
  const body = z.object({ error: z.string().default('') }).parse(await answer.json());
  return [answer.status, body.error];
};

test('the sign-in twin sends nobody to an address that was not registered, and says no in the protocol’s words elsewhere', async () => {
  for (const wrong of [{ redirect_uri: `${ASKED.redirect_uri}/` }, { client_id: 'another' }]) {
    const answer = await choose({ ...ASKED, ...wrong });
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get('location'), null);
  }
  for (const [wrong, error] of [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ scope: 'email' }, 'invalid_scope'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ person: '' }, 'access_denied'],
  ] as const) {
    const back = new URL((await choose({ ...ASKED, ...wrong })).headers.get('location') ?? '');
    assert.equal(back.searchParams.get('error'), error);
  }
});

test('the sign-in twin gives a token for a code once, to its client alone, with the right verifier', async () => {
  const code = await getCode();
  assert.deepEqual(await redeem(code), [200, '']);
  assert.deepEqual(await redeem(code), [400, 'invalid_grant']);
  const wrongs: Record<string, string>[] = [
    { code_verifier: 'w'.repeat(43) },
    { code_verifier: '' },
    { redirect_uri: 'https://elsewhere.example/' },
  ];
  for (const change of wrongs)
    assert.deepEqual(await redeem(await getCode(), change), [400, 'invalid_grant'], JSON.stringify(change));
  assert.deepEqual(await redeem(await getCode(), { client_secret: 'guess' }), [401, 'invalid_client']);
  assert.deepEqual(await redeem(await getCode(), { grant_type: 'password' }), [
    400,
    'unsupported_grant_type',
  ]);
  // A verifier that nobody announced: the start of the sign-in was somebody else's.
  const { code_challenge: _challenge, code_challenge_method: _method, ...bare } = ASKED;
  assert.deepEqual(await redeem(await getCode(bare)), [400, 'invalid_grant']);
});
