import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { listTokens, revokeToken } from '../../../src/pipeline/store/api-tokens.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { seedCompany } from '../seed.ts';
import { openApi } from './api-fixture.ts';
import type { TestApi } from './api-fixture.ts';

const Told = z.looseObject({ type: z.string(), detail: z.string(), fix: z.string().optional() });

let api: TestApi;
let theirs: string;
before(async () => {
  api = await openApi();
  const { db } = api.web.database;
  theirs = await ensureWorkspace(db, 'theirs');
  await db.inWorkspace(theirs, (tx) =>
    seedCompany(tx, theirs, { domain: 'theirs.example', name: 'Theirs', score: 50 }),
  );
});
after(() => api.web.close());

/** Sends exactly these headers, twice where they stand twice. */
const askRaw = (headers: [string, string][], method = 'GET', path = '/companies'): Promise<number> =>
  new Promise((resolve, reject) => {
    const { host } = new URL(api.web.base);
    const given = headers.some(([name]) => name === 'host') ? headers : [...headers, ['host', host]];
    httpRequest(`${api.web.base}/api/v1${path}`, { method, headers: given.flat() }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

test('a token sees its own workspace and nothing of another', async () => {
  const { token } = await api.makeToken('read', { workspaceId: theirs });
  assert.equal((await api.ask('GET', '/companies/theirs.example', { token })).status, 200);
  const mine = await api.makeToken('admin');
  for (const path of ['/companies/theirs.example', '/companies/theirs.example/pitch.pdf'])
    assert.equal((await api.ask('GET', path, { token: mine.token })).status, 404, path);
});

test('at rest there is a hash and no token; its last use is known', async () => {
  const { id, token } = await api.makeToken('read');
  await api.ask('GET', '/companies', { token });
  const found = await api.web.database.db.inWorkspace(api.web.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ row: string }>(
      'select t::text as row from api_tokens t where id = $1',
      [id],
    );
    return { row: rows[0]?.row ?? '', known: (await listTokens(tx)).find((one) => one.id === id) };
  });
  const secret = token.slice(-43);
  assert.ok(
    !found.row.includes(secret) && !found.row.includes(Buffer.from(secret, 'base64url').toString('hex')),
  );
  assert.ok(found.known?.lastUsedAt);
});

test('unknown, altered, revoked and expired tokens are refused with what to do', async () => {
  const good = await api.makeToken('read');
  const { db } = api.web.database;
  const altered = good.token.slice(0, -1) + (good.token.endsWith('A') ? 'B' : 'A');
  const elsewhere = good.token.replace(/^fieldnote_.{22}/, `fieldnote_${'A'.repeat(22)}`);
  const revoked = await api.makeToken('read');
  await db.inWorkspace(api.web.workspaceId, (tx) => revokeToken(tx, revoked.id));
  const expired = await api.makeToken('read', { days: -1 });
  for (const token of [altered, elsewhere, revoked.token, expired.token, 'fieldnote_', `${good.token}x`]) {
    const refused = await api.ask('GET', '/companies', { token });
    assert.equal(refused.status, 401);
    assert.match(
      refused.headers.get('www-authenticate') ?? '',
      /^Bearer realm="fieldnote", error="invalid_token"$/,
    );
    assert.match(Told.parse(refused.body).fix ?? '', /fieldnote token create/);
  }
  assert.match(Told.parse((await api.ask('GET', '/companies', revoked)).body).type, /token-revoked$/);
  assert.match(Told.parse((await api.ask('GET', '/companies', expired)).body).type, /token-expired$/);
  for (const value of ['Basic abc', 'Bearer', `Bearer ${good.token} ${good.token}`])
    assert.equal((await api.ask('GET', '/companies', { headers: { authorization: value } })).status, 401);
});

test('a token that may only read is told which scope it lacks', async () => {
  const { token } = await api.makeToken('read');
  const refused = await api.ask('POST', '/scores', { token, body: { domain: 'x.example' } });
  assert.equal(refused.status, 403);
  assert.match(Told.parse(refused.body).detail, /takes the scope "write".*has "read"/);
  assert.match(refused.headers.get('www-authenticate') ?? '', /insufficient_scope.*scope="write"/);
});

test('this machine needs no token, unless somebody speaks through it', async () => {
  assert.equal(await askRaw([]), 200);
  for (const headers of [
    [['x-forwarded-for', '10.0.0.9']],
    [['forwarded', 'for=10.0.0.9']],
    [['via', '1.1 proxy']],
    [['x-real-ip', '10.0.0.9']],
  ] satisfies [string, string][][])
    assert.equal(await askRaw(headers), 401, String(headers));
  assert.equal(await askRaw([['host', 'evil.example']]), 421);
  const token = (await api.makeToken('read')).token;
  assert.equal(await askRaw([['authorization', `Bearer ${token}`], ['x-forwarded-for', '10.0.0.9']]), 200); // prettier-ignore
  assert.equal(await askRaw([['authorization', `Bearer ${token}`], ['authorization', 'Bearer other']]), 400); // prettier-ignore
});

test('pages of other sites can’t drive it from a browser on this machine', async () => {
  for (const headers of [
    [['origin', 'https://evil.example']],
    [['origin', 'null']],
    [['sec-fetch-site', 'cross-site']],
    [['sec-fetch-site', 'same-site']],
  ] satisfies [string, string][][]) {
    assert.equal(await askRaw(headers), 403, String(headers));
    assert.equal(await askRaw(headers, 'POST', '/scores'), 403, String(headers));
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
    assert.equal(await askRaw([['content-type', type], ['content-length', '0']], 'POST', '/scores'), 415, type); // prettier-ignore
  assert.equal(await askRaw([['origin', new URL(api.web.base).origin]]), 200);
});

test('beyond loopback everybody needs a token', async () => {
  const open = await openApi({ host: '0.0.0.0', publicUrl: 'https://notes.example' });
  try {
    assert.equal((await open.ask('GET', '/companies')).status, 401);
    const { token } = await open.makeToken('read');
    assert.equal((await open.ask('GET', '/companies', { token })).status, 200);
  } finally {
    await open.web.close();
  }
});
