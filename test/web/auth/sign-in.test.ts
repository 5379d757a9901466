import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { retireConnection } from '../../../src/pipeline/store/remove-connection.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { forgetOldSessions } from '../../../src/pipeline/store/sessions.ts';
import { deriveAttemptKey } from '../../../src/web/auth/attempts.ts';
import { seedCompany } from '../seed.ts';
import {
  ADMIN,
  ATTEMPT_KEY,
  REP,
  STRANGER,
  comeBack,
  editTwin,
  leadsTo,
  openClient,
  openSignInWeb,
  ownRecords,
  signIn,
} from './sign-in-fixture.ts';
import type { Client, SignInWeb } from './sign-in-fixture.ts';

let web: SignInWeb;
before(async () => {
  web = await openSignInWeb();
  await web.database.db.inWorkspace(web.workspaceId, (tx) =>
    seedCompany(tx, web.workspaceId, { domain: 'acme.example', name: 'Acme', score: 70 }),
  );
});
after(() => web.close());

const enter = async (person = ADMIN): Promise<Client> => {
  const client = openClient();
  assert.equal(leadsTo(await signIn(client, web, person)).pathname, '/');
  return client;
};
const sql = (text: string, values: unknown[] = []) =>
  web.database.db.inWorkspace(web.workspaceId, (tx) => tx.query<Record<string, unknown>>(text, values));
const formToken = async (client: Client): Promise<string> => {
  const html = await (await client.get(`${web.base}/account`)).text();
  return /name="token" value="([^"]+)"/.exec(html)?.[1] ?? assert.fail(html);
};
const OWN = { 'sec-fetch-site': 'same-origin' };

test('who is not signed in is sent to sign in, and then to the page that they wanted', async () => {
  const client = openClient();
  const wanted = '/companies/acme.example?writes=2';
  const asked = leadsTo(await client.get(web.base + wanted));
  assert.equal(asked.pathname, '/sign-in');
  assert.equal(asked.searchParams.get('to'), wanted);
  assert.match(
    await (await client.get(asked.href)).text(),
    /href="\/sign-in\/start\?to&#x3D;[^"]*acme[^"]*">Sign in with 127/,
  );

  const back = await signIn(client, web, ADMIN, wanted);
  assert.equal(leadsTo(back).href, web.base + wanted);
  const [cookie = ''] = back.headers.getSetCookie().filter((line) => line.startsWith('fieldnote_session='));
  assert.match(cookie, /HttpOnly/);
  assert.match(cookie, /SameSite=Lax/);
  const page = await (await client.get(web.base + wanted)).text();
  assert.match(page, /<h1>Acme<\/h1>/);
  assert.match(page, /ada\.admin@seller\.example/);
  // Nothing of what opens a session is stored, nor logged.
  const value = client.cookies.get('fieldnote_session') ?? '';
  const { rows } = await sql(`select encode(token_hash, 'escape') || email || name as all from sessions`);
  assert.ok(!JSON.stringify([rows, web.logged]).includes(value));
  assert.ok(!JSON.stringify(web.logged).includes('code='));
});

test('requests that can not follow to a page are told, and never sent on', async () => {
  for (const [path, headers] of [
    ['/runs', { accept: 'application/json' }],
    ['/companies/acme.example', { 'sec-fetch-dest': 'image' }],
  ] as const) {
    const answer = await fetch(web.base + path, { headers, redirect: 'manual' });
    assert.equal(answer.status, 401, path);
  }
  for (const path of ['/runs/x/pause', '/settings/x', '/account', '/sign-out'])
    assert.ok([401, 403].includes((await openClient().post(web.base + path, {})).status), path);
  for (const path of ['/healthz', '/readyz', '/metrics', '/assets/base.css', '/api/v1/openapi.json'])
    assert.equal((await fetch(web.base + path)).status, 200, path);
});

test('owners of CRM records may look and change nothing, who is named may, and a stranger is refused', async () => {
  const { rows } = await sql(
    `insert into runs (workspace_id, kind, model, state) values ($1, 'manual', 'gpu-infrastructure', 'running') returning id`,
    [web.workspaceId],
  );
  const pause = `${web.base}/runs/${String(rows[0]?.['id'])}/pause`;
  const rep = await enter(REP);
  assert.equal((await rep.get(`${web.base}/companies/acme.example`)).status, 200);
  const refused = await rep.post(pause, { token: await formToken(rep) }, OWN);
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /change nothing[\s\S]*rui\.rep@seller\.example to OIDC_ALLOWED_EMAILS/);

  const admin = await enter(ADMIN);
  assert.equal((await admin.post(pause, { token: await formToken(admin) }, OWN)).status, 303);
  assert.equal((await admin.post(pause, { token: 'x'.repeat(32) }, OWN)).status, 403);
  assert.ok(web.logged.some(({ msg, by }) => msg === 'run changed by hand' && by === ADMIN.email));

  const stranger = openClient();
  const answer = await signIn(stranger, web, STRANGER);
  assert.equal(answer.status, 403);
  assert.match(await answer.text(), /stan\.stranger@elsewhere\.example is not known here/);
  assert.equal((await stranger.get(web.base)).status, 303);
});

test('who owns records no longer is out with the next request', async () => {
  const rep = await enter(REP);
  await ownRecords(web, web.workspaceId, []);
  const answer = await rep.get(`${web.base}/runs`);
  await ownRecords(web, web.workspaceId, [REP]);
  assert.equal(answer.status, 403);
  assert.equal(rep.cookies.has('fieldnote_session'), false);
  assert.equal(leadsTo(await rep.get(`${web.base}/runs`)).pathname, '/sign-in');
});

test('who was known by a connection alone is out once that is removed, and whatever it told of them is gone', async () => {
  const rep = await enter(REP);
  const connectionId = await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    const connection = await ensureConnection(tx, web.workspaceId, 'hubspot', 'default');
    await retireConnection(tx, connection);
    return connection.id;
  });
  assert.deepEqual((await sql('select email from crm_users')).rows, []);
  // A sync that was under way when it was removed may still store them.
  await ownRecords(web, web.workspaceId, [REP]);
  await sql(`update connections set status = 'removed' where id = $1`, [connectionId]);
  const [stays, comes] = [await rep.get(`${web.base}/runs`), await signIn(openClient(), web, REP)];
  await sql(`update connections set status = 'active' where id = $1`, [connectionId]);
  assert.deepEqual([stays.status, comes.status], [403, 403]);
});

test('people see the rows of their own workspace alone, and choose where several are open to them', async () => {
  const { db } = web.database;
  const other = await ensureWorkspace(db, 'other customer');
  await db.inWorkspace(other, (tx) =>
    seedCompany(tx, other, { domain: 'elsewhere.example', name: 'Theirs', score: 50 }),
  );
  await ownRecords(web, other, [STRANGER, REP]);
  const theirs = openClient();
  await signIn(theirs, web, STRANGER);
  const list = await (await theirs.get(`${web.base}/`)).text();
  assert.match(list, /Theirs/);
  assert.doesNotMatch(list, /Acme/);
  assert.equal((await theirs.get(`${web.base}/companies/acme.example`)).status, 404);
  assert.equal((await theirs.get(`${web.base}/companies/acme.example/pitch.pdf`)).status, 404);
  // Named for one workspace, not for all.
  assert.doesNotMatch(await (await (await enter(ADMIN)).get(`${web.base}/account`)).text(), /other customer/);

  const both = openClient();
  const chosen = leadsTo(await signIn(both, web, REP, '/companies/elsewhere.example'));
  assert.equal(chosen.pathname, '/account');
  assert.equal((await both.get(`${web.base}/companies/elsewhere.example`)).status, 404);
  const before = both.cookies.get('fieldnote_session');
  const form = { token: await formToken(both), workspace: other, to: '/companies/elsewhere.example' };
  const gone = await both.post(`${web.base}/account`, form, OWN);
  assert.equal(leadsTo(gone).pathname, '/companies/elsewhere.example');
  assert.equal((await both.get(`${web.base}/companies/elsewhere.example`)).status, 200);
  assert.notEqual(both.cookies.get('fieldnote_session'), before);
  const closed = await theirs.post(
    `${web.base}/account`,
    { token: await formToken(theirs), workspace: web.workspaceId },
    OWN,
  );
  assert.equal(closed.status, 403);
  await ownRecords(web, other, []);
});

test('a session ends with signing out, with the next sign-in, after a time away, and after a week', async () => {
  const client = await enter();
  const first = client.cookies.get('fieldnote_session') ?? '';
  await signIn(client, web, ADMIN);
  const second = client.cookies.get('fieldnote_session') ?? '';
  assert.notEqual(second, first);
  const asWith = (cookie: string) =>
    fetch(`${web.base}/runs`, { headers: { cookie: `fieldnote_session=${cookie}` }, redirect: 'manual' });
  assert.equal((await asWith(first)).status, 303);
  assert.equal((await asWith(second)).status, 200);
  await client.post(`${web.base}/sign-out`, { token: await formToken(client) }, OWN);
  assert.equal((await asWith(second)).status, 303);
  assert.equal(client.cookies.has('fieldnote_session'), false);

  for (const away of [
    `last_seen_at = now() - interval '12 hours'`,
    `expires_at = now(), signed_in_at = now() - interval '7 days'`,
  ]) {
    const late = await enter();
    await sql(`update sessions set ${away} where email = $1`, [ADMIN.email]);
    assert.equal((await late.get(`${web.base}/runs`)).status, 303, away);
  }
  await enter(REP);
  await web.database.db.inWorkspace(web.workspaceId, forgetOldSessions);
  const { rows } = await sql('select distinct email from sessions');
  assert.deepEqual(rows, [{ email: REP.email }]);
});

test('an edited, cut or invented cookie opens nothing', async () => {
  const client = await enter();
  const real = client.cookies.get('fieldnote_session') ?? '';
  for (const forged of [
    '',
    'x',
    real.slice(0, -1),
    `${real}A`,
    real.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    'A'.repeat(54),
  ]) {
    const answer = await fetch(`${web.base}/runs`, {
      headers: { cookie: `fieldnote_session=${forged}` },
      redirect: 'manual',
    });
    assert.equal(answer.status, 303, forged);
  }
});

test('an answer counts once, and only in the browser that asked', async () => {
  const victim = openClient();
  const address = await comeBack(victim, web, ADMIN);
  const other = await openClient().get(address);
  assert.equal(other.status, 400);
  assert.match(await other.text(), /not begun in this browser/);
  assert.equal((await victim.get(address)).status, 303);
  assert.equal((await victim.get(address)).status, 400);
  for (const path of ['?code=x', '?code=x&state=y', '?state=', ''])
    assert.equal((await openClient().get(`${web.base}/sign-in/callback${path}`)).status, 400, path);
});

test('a sign-in under way that was edited, invented or kept too long is none, and it leads nowhere but here', async () => {
  const begin = async (): Promise<{ client: Client; address: string; name: string; held: string }> => {
    const client = openClient();
    const address = await comeBack(client, web, ADMIN, '/runs');
    const [name = ''] = [...client.cookies.keys()].filter((each) => each.startsWith('fieldnote_sign_in_'));
    return { client, address, name, held: client.cookies.get(name) ?? assert.fail() };
  };
  const read = (held: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(held.split('.')[0] ?? '', 'base64url').toString());
  const write = (attempt: unknown, key: Buffer): string => {
    const text = Buffer.from(JSON.stringify(attempt)).toString('base64url');
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  };
  const other = deriveAttemptKey('the secret of another');
  const forgeries: [what: string, forge: (held: string) => string][] = [
    ['unsigned', (held) => held.split('.')[0] ?? ''],
    [
      'edited',
      (held) => `${write({ ...read(held), to: '/status' }, other).split('.')[0]}.${held.split('.')[1]}`,
    ],
    ['signed by another', (held) => write(read(held), other)],
    ['kept for longer', (held) => write({ ...read(held), until: Date.now() - 1 }, ATTEMPT_KEY)],
  ];
  for (const [what, forge] of forgeries) {
    const { client, address, name, held } = await begin();
    client.cookies.set(name, forge(held));
    const answer = await client.get(address);
    assert.equal(answer.status, 400, what);
    assert.match(await answer.text(), /not begun in this browser/, what);
    assert.equal(client.cookies.has('fieldnote_session'), false, what);
  }
  for (const to of ['https://evil.example/', '//evil.example', '/sign-out', 'javascript:alert(1)']) {
    const { client, address, name, held } = await begin();
    client.cookies.set(name, write({ ...read(held), to }, ATTEMPT_KEY));
    assert.equal(leadsTo(await client.get(address)).href, `${web.base}/`, to);
  }
});

test('two tabs that sign in at once both end well', async () => {
  const client = openClient();
  const first = await comeBack(client, web, ADMIN, '/runs');
  const second = await comeBack(client, web, ADMIN, '/status');
  assert.equal(leadsTo(await client.get(first)).pathname, '/runs');
  assert.equal(leadsTo(await client.get(second)).pathname, '/status');
});

test('a proof that does not hold opens nothing, whatever is wrong with it', async () => {
  const past = Math.floor(Date.now() / 1000) - 600;
  const wrongs: [string, Record<string, unknown>, number][] = [
    ['another nonce', { claims: { nonce: 'another' } }, 502],
    ['no nonce', { claims: { nonce: null } }, 502],
    ['for another client', { claims: { aud: 'another' } }, 502],
    ['from another issuer', { claims: { iss: 'https://elsewhere.example' } }, 502],
    ['out of date', { claims: { exp: past } }, 502],
    ['signed by another key', { signing: 'other-key' }, 502],
    ['not signed', { signing: 'none' }, 502],
    ['an address that nobody checked', { claims: { email_verified: false } }, 403],
  ];
  try {
    for (const [what, behave, status] of wrongs) {
      await web.edit({ behave });
      const client = openClient();
      const answer = await signIn(client, web, ADMIN);
      assert.equal(answer.status, status, `${what}: ${await answer.text()}`);
      assert.equal(client.cookies.has('fieldnote_session'), false, what);
    }
  } finally {
    await web.edit({ behave: {} });
  }
  await enter();
});

test('clocks may differ by a minute, not by ten; new keys hold at once', async () => {
  try {
    await editTwin(web.twin, 'clock', { offsetMs: 50_000 });
    await enter();
    await editTwin(web.twin, 'clock', { offsetMs: -3_600_000 - 600_000 });
    assert.equal((await signIn(openClient(), web, ADMIN)).status, 502);
  } finally {
    await editTwin(web.twin, 'clock', { offsetMs: 0 });
  }
  await enter();
  await web.edit({ rotateKeys: true });
  await enter();
});

test('a person who says no, and a provider that does, are told plainly', async () => {
  const cancelled = await signIn(openClient(), web, null);
  assert.equal(cancelled.status, 403);
  assert.match(await cancelled.text(), /did not let you in \(access_denied\)/);
  const client = openClient();
  const address = new URL(await comeBack(client, web, ADMIN));
  address.searchParams.set('code', 'invented');
  const refused = await client.get(address.href);
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /invalid_grant/);
});

test('while the provider is down nobody can sign in, and who is signed in stays', async () => {
  const client = await enter();
  const under = openClient();
  const address = await comeBack(under, web, ADMIN);
  try {
    await editTwin(web.twin, 'faults', { down: true });
    const answer = await under.get(address);
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /does not answer[\s\S]*Who is signed in stays so/);
    assert.equal((await client.get(`${web.base}/runs`)).status, 200);
    await editTwin(web.twin, 'faults', { rateReset: 1 });
    assert.equal((await client.get(`${web.base}/status`)).status, 200);
    const cut = openClient();
    const other = await comeBack(cut, web, ADMIN).catch(() => null);
    assert.equal(other, null);
  } finally {
    await editTwin(web.twin, 'faults', {});
  }
  await enter();
});
