import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { readCredentials } from '../../src/connectors/crm-credentials.ts';
import type { GrantStore } from '../../src/connectors/crm-credentials.ts';
import { createHubspotPolicies } from '../../src/connectors/hubspot/limits.ts';
import { noBreaker, noLimits } from '../../src/connectors/resilience.ts';
import { ProviderError } from '../../src/errors.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createVault } from '../../src/pipeline/vault.ts';
import { createSeal } from '../../src/seal.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { startPortal } from '../sandbox/hubspot-start.ts';
import type { TestPortal } from '../sandbox/hubspot-start.ts';
import { connect, quiet } from './hubspot-connect.ts';

const APP = { clientId: 'app-1', clientSecret: 'app-secret', refreshToken: 'refresh-0' };

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

/** A portal with an OAuth app installed, and a store of its grant, as each process has one. */
async function install(
  context: TestContext,
  app: { rotates?: boolean; accessSeconds?: number } = {},
): Promise<{ portal: TestPortal; openStore: () => GrantStore }> {
  const portal = await startPortal(context, { oauth: { ...APP, ...app } });
  const workspaceId = await ensureWorkspace(here.db);
  const connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'hubspot', randomUUID()),
  );
  const seal = createSeal(randomBytes(32).toString('base64'));
  const credentials = readCredentials('hubspot', { ...APP, baseUrl: portal.twin.url });
  assert.ok(!('problems' in credentials));
  await createVault({ db: here.db, seal }).put(connection, credentials);
  return { portal, openStore: () => createVault({ db: here.db, seal }).grantOf(connection) };
}

const isUnauthorized = (error: unknown): boolean =>
  error instanceof ProviderError && error.credentialsRefused;

test('an OAuth app is let in with its refresh token, and its scopes are told', async (context) => {
  const { portal, openStore } = await install(context);
  const check = await connect(portal, { accessToken: openStore() }).check(quiet());
  assert.equal(check.organizationId, '4242424');
  assert.equal(check.user, 'HubSpot app 777001');
  assert.deepEqual(check.missingPermissions, []);
  assert.equal(portal.calls('token refresh'), 1);
});

for (const rotates of [false, true])
  test(`fifty who find the token expired at once cost one refresh and no failure (${rotates ? 'each refresh token good once' : 'one refresh token for good'})`, async (context) => {
    const { portal, openStore } = await install(context, { rotates });
    const processes = [openStore(), openStore(), openStore()].map((store) =>
      connect(portal, { accessToken: store }),
    );
    for (const crm of processes) await crm.readCurrent('company', ['100000000001'], quiet());
    assert.equal(portal.calls('token refresh'), 1, 'the others take the stored one');
    // By HubSpot's clock the token is over; ours do not know it yet, so each is refused first.
    portal.twin.kit.clock.set(31 * 60_000);
    const ended = await Promise.allSettled(
      Array.from({ length: 17 }, () => processes)
        .flat()
        .slice(0, 50)
        .map((crm) => crm.readCurrent('company', ['100000000001'], quiet())),
    );
    assert.deepEqual(
      ended.filter(({ status }) => status === 'rejected'),
      [],
    );
    assert.equal(portal.calls('token refresh'), 2);
  });

test('a token that is about to end is renewed before it is refused', async (context) => {
  const { portal, openStore } = await install(context, { accessSeconds: 30 });
  const crm = connect(portal, { accessToken: openStore() });
  await crm.readCurrent('company', ['100000000001'], quiet());
  await crm.readCurrent('company', ['100000000001'], quiet());
  // Once for each call: the first reading also asks which fields are closed.
  assert.equal(portal.calls('token refresh'), 3);
  const refused = portal.twin.kit.calls.list().filter((call) => call.status === 401);
  assert.deepEqual(refused, []);
});

test('an app that was uninstalled is a matter for a person, and each call asks once', async (context) => {
  const { portal, openStore } = await install(context);
  const crm = connect(portal, { accessToken: openStore() });
  await crm.readCurrent('company', ['100000000001'], quiet());
  await portal.edit({ operation: 'uninstall' });
  const before = portal.calls('token refresh');
  await assert.rejects(crm.readCurrent('company', ['100000000001'], quiet()), (error) => {
    assert.ok(isUnauthorized(error));
    assert.match(String(error), /the refresh token was refused \(invalid_grant\)/);
    assert.doesNotMatch(JSON.stringify(error), /app-secret|refresh-0/);
    return true;
  });
  assert.equal(portal.calls('token refresh'), before + 1);
});

test('an outage of the token endpoint is no refusal', async (context) => {
  const { portal, openStore } = await install(context);
  portal.twin.kit.faults.set({ down: true });
  await assert.rejects(
    connect(portal, { accessToken: openStore() }).readCurrent('company', ['100000000001'], quiet()),
    (error) => error instanceof ProviderError && error.kind === 'unavailable',
  );
});

test('a token is renewed at once, however long the queue for other calls is', async (context) => {
  const { portal, openStore } = await install(context);
  const limits = { ...noLimits, reserve: async () => 600_000 };
  const policies = createHubspotPolicies({ limits, breaker: noBreaker, account: 'hubspot:busy' });
  const crm = connect(portal, { accessToken: openStore(), ...policies });
  await assert.rejects(crm.readCurrent('company', ['100000000001'], quiet()), /the next turn is 600 s away/);
  assert.equal(portal.calls('token refresh'), 1);
});

test('a token endpoint that says to wait for minutes is not waited for while others are locked out', async () => {
  const { tokenPolicy } = createHubspotPolicies({
    limits: noLimits,
    breaker: noBreaker,
    account: 'hubspot:x',
  });
  const refuse = async (): Promise<never> => {
    throw new ProviderError({
      provider: 'hubspot',
      operation: 'token refresh',
      kind: 'rate-limited',
      message: 'too many',
      retryAfterMs: 200_000,
    });
  };
  const ask = () => tokenPolicy.run('token refresh', refuse, { ...quiet(), repeatable: true });
  await assert.rejects(ask(), /too many/);
  await assert.rejects(ask(), /the next turn is 20\d s away/);
});

test('the twin takes tokens in a form in the body alone, as HubSpot does', async (context) => {
  const { portal } = await install(context, { rotates: true });
  const url = `${portal.twin.url}/oauth/2026-03/token`;
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: APP.clientId,
    client_secret: APP.clientSecret,
    refresh_token: APP.refreshToken,
  });
  const post = async (address: string, body: string | URLSearchParams, type?: string): Promise<unknown> => {
    const headers = type === undefined ? {} : { 'content-type': type };
    const answer: unknown = await (await fetch(address, { method: 'POST', body, headers })).json();
    return answer;
  };
  const errorOf = (answer: unknown): unknown =>
    typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : null;
  assert.equal(errorOf(await post(`${url}?${form.toString()}`, '')), 'invalid_request');
  const json = JSON.stringify(Object.fromEntries(form));
  assert.equal(errorOf(await post(url, json, 'application/json')), 'invalid_request');
  const wrong = new URLSearchParams({ ...Object.fromEntries(form), client_secret: 'x' });
  assert.equal(errorOf(await post(url, wrong)), 'invalid_client');
  assert.equal(errorOf(await post(url, form)), null);
  assert.equal(errorOf(await post(url, form)), 'invalid_grant', 'a spent refresh token');
});
