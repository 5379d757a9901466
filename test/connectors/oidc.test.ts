import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ORG_ID, TEAM_ID, TENANT_ID, makePerson } from '../../sandbox/oidc/people.ts';
import type { Vendor } from '../../sandbox/oidc/people.ts';
import { startOidcTwin } from '../../sandbox/oidc/twin.ts';
import type { Twin } from '../../sandbox/kit/twin.ts';
import { createOidc } from '../../src/connectors/oidc/oidc.ts';
import type { OidcOptions } from '../../src/connectors/oidc/oidc.ts';
import { ProviderError } from '../../src/errors.ts';

const CALLBACK = 'http://127.0.0.1:9/sign-in/callback';
const CLIENT = { clientId: 'fieldnote', clientSecret: 'its secret' };
const NORA = makePerson('Nora Vance', 'seller.example');
const ANOTHER_TENANT = '00000000-0000-4000-8000-000000000000';
const MICROSOFT: Partial<OidcOptions> = { preset: 'microsoft', tenant: TENANT_ID };

let twin: Twin;
before(async () => {
  twin = await startOidcTwin({ people: [NORA], client: { ...CLIENT, redirectUris: [CALLBACK] } });
});
after(() => twin.close());

const behave = async (vendor: Vendor, claims: Record<string, unknown> = {}): Promise<void> => {
  const answer = await fetch(`${twin.url}/_twin/edit`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ behave: { vendor, claims } }),
  });
  assert.equal(answer.status, 200);
};
const open = (options: Partial<OidcOptions>) =>
  createOidc({ ...CLIENT, issuer: twin.url, preset: null, tenant: null, ...options });

/** Signs Nora in as a browser does. @returns the address that was asked, and who she is for us */
const signIn = async (options: Partial<OidcOptions>, change: (back: URL) => void = () => undefined) => {
  const provider = open(options);
  const { address, attempt } = await provider.begin(CALLBACK);
  const asked = new URL(address);
  const answer = await fetch(`${twin.url}/authorize`, {
    method: 'POST',
    body: new URLSearchParams({ ...Object.fromEntries(asked.searchParams), person: NORA.id }),
    redirect: 'manual',
  });
  const back = new URL(answer.headers.get('location') ?? '');
  change(back);
  return { asked: asked.searchParams, person: await provider.finish(back, attempt) };
};
const failure = async (act: Promise<unknown>): Promise<ProviderError> => {
  const error = await act.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ProviderError, String(error));
  return error;
};

test('each provider is asked in its own way, and says the same of the same person', async () => {
  const ways: [Vendor, Partial<OidcOptions>, Record<string, string>][] = [
    ['plain', {}, {}],
    ['slack', { preset: 'slack', tenant: TEAM_ID }, { team: TEAM_ID }],
    ['google', { preset: 'google', tenant: 'seller.example' }, { hd: 'seller.example' }],
    ['google', { preset: 'google' }, { prompt: 'select_account' }],
    ['salesforce', { preset: 'salesforce' }, {}],
    ['salesforce', { preset: 'salesforce', tenant: ORG_ID.slice(0, 15) }, {}],
    ['microsoft', { preset: 'microsoft', tenant: TENANT_ID.toUpperCase() }, { prompt: 'select_account' }],
  ];
  for (const [vendor, options, parameters] of ways) {
    await behave(vendor);
    const { asked, person } = await signIn(options);
    assert.deepEqual(person, { email: NORA.email, name: NORA.name }, vendor);
    const expected = { scope: 'openid email profile', code_challenge_method: 'S256', ...parameters };
    for (const [name, value] of Object.entries(expected)) assert.equal(asked.get(name), value, vendor);
    for (const name of ['state', 'nonce', 'code_challenge'])
      assert.ok((asked.get(name) ?? '').length >= 43, name);
  }
});

test('people of another organization do not count, nor those for whose address the provider does not vouch', async () => {
  const others: [Vendor, Partial<OidcOptions>, Record<string, unknown>, RegExp][] = [
    ['slack', { preset: 'slack', tenant: 'T0ANOTHER' }, {}, /another Slack workspace/],
    ['google', { preset: 'google', tenant: 'another.example' }, {}, /not one of another\.example/],
    // An account of a person, with an address that Google only once saw a mail arrive at.
    ['google', { preset: 'google' }, { hd: null }, /does not manage the address/],
    ['salesforce', { preset: 'salesforce', tenant: '00D000000000002AAA' }, {}, /another Salesforce org/],
    ['microsoft', { preset: 'microsoft', tenant: ANOTHER_TENANT }, {}, /another Microsoft organization/],
    ['microsoft', MICROSOFT, { tid: ANOTHER_TENANT }, /another Microsoft organization/],
    ['microsoft', MICROSOFT, { tid: null }, /another Microsoft organization/],
    // An administrator of any organization can write any address into an account.
    ['microsoft', MICROSOFT, { xms_edov: null }, /does not vouch.*email and xms_edov/],
    ['microsoft', MICROSOFT, { xms_edov: false }, /does not vouch/],
    ['microsoft', MICROSOFT, { xms_edov: null, email_verified: true }, /does not vouch/],
    ['microsoft', MICROSOFT, { email_verified: false }, /does not vouch/],
    ['microsoft', MICROSOFT, { email: null }, /does not vouch/],
    // What Microsoft's own preset takes for a proof is none elsewhere.
    ['microsoft', {}, {}, /does not vouch/],
    ['plain', {}, { email_verified: false }, /does not vouch/],
    ['plain', {}, { email_verified: 'false' }, /does not vouch/],
    ['plain', {}, { email: 'no address' }, /does not vouch/],
  ];
  for (const [vendor, options, claims, message] of others) {
    await behave(vendor, claims);
    const error = await failure(signIn(options));
    assert.equal(error.kind, 'refused', `${vendor} ${JSON.stringify(claims)}`);
    assert.match(error.message, message);
  }
});

test('a wrong code, a wrong secret, another state and a provider that is none are told apart', async () => {
  const invent = (back: URL): void => back.searchParams.set('code', 'invented');
  await behave('slack');
  const slack = await failure(signIn({ preset: 'slack', tenant: TEAM_ID }, invent));
  assert.deepEqual([slack.kind, slack.code], ['refused', 'invalid_code']);
  await behave('plain');
  const plain = await failure(signIn({}, invent));
  assert.deepEqual([plain.kind, plain.code], ['refused', 'invalid_grant']);
  const secret = await failure(signIn({ clientSecret: 'another' }));
  assert.deepEqual([secret.kind, secret.code], ['unauthorized', 'invalid_client']);
  assert.equal((await failure(signIn({}, (back) => back.searchParams.set('state', 'x')))).kind, 'malformed');
  const none = open({ issuer: `${twin.url}/nothing` });
  assert.equal((await failure(none.begin(CALLBACK))).kind, 'malformed');
  const nobody = open({ issuer: 'http://127.0.0.1:9' });
  const gone = await failure(nobody.check());
  assert.equal(gone.kind, 'unavailable');
  assert.equal(gone.retryable, true);
});
