import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { mintToken } from '../../src/pipeline/api-token.ts';
import { forgetOldTries } from '../../src/pipeline/store/tries.ts';
import { createOneTimeLinks } from '../../src/web/auth/one-time-links.ts';
import { openApi } from './api/api-fixture.ts';
import type { TestApi } from './api/api-fixture.ts';
import { openSignInWeb } from './auth/sign-in-fixture.ts';
import type { SignInWeb } from './auth/sign-in-fixture.ts';
import { seedCompany } from './seed.ts';
import { visit } from './visit.ts';
import { openWeb } from './web-fixture.ts';
import type { TestWeb } from './web-fixture.ts';

let door: SignInWeb;
let api: TestApi;
before(async () => {
  door = await openSignInWeb({}, { trustProxy: 1 });
  api = await openApi({ trustProxy: 1 });
});
after(async () => {
  await api.web.close();
  await door.close();
});

/** Goes there so many times, from these addresses as a proxy tells them. @returns the statuses, without repeats */
const go = async (url: string, times: number, from: string, method = 'GET'): Promise<number[]> => {
  const seen = new Set<number>();
  for (let count = 0; count < times; count += 1) {
    const response = await fetch(url, { method, redirect: 'manual', headers: { 'x-forwarded-for': from } });
    await response.arrayBuffer();
    seen.add(response.status);
  }
  return [...seen];
};
/** How many times an address may go there before it is held up. */
const countLeft = async (url: string, from: string): Promise<number> => {
  for (let count = 0; count < 1_000; count += 1) if ((await go(url, 1, from)).includes(429)) return count;
  return assert.fail(`${from} is never held up`);
};
const forget = (web: TestWeb) => web.database.db.directory(`delete from limits where bucket like 'tries:%'`);

test('who tries to sign in too often is told when to come back, and nobody else is held up', async () => {
  const page = `${door.base}/sign-in`;
  assert.ok((await countLeft(page, '203.0.113.1')) >= 120);
  const refused = await fetch(page, {
    headers: { 'x-forwarded-for': '203.0.113.1', accept: 'text/html' },
  });
  // Where this took half a second there was one more try.
  if (refused.status === 429) {
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(refused.headers.get('ratelimit-policy'), '"sign-in";q=120;w=60');
    assert.equal(refused.headers.get('ratelimit'), '"sign-in";r=0;t=1');
    assert.match(await refused.text(), /too many tries from your address[^]*Try again in a second/);
  }
  // Its other pages count with it, and what somebody writes before the proxy's own word counts for nothing.
  for (const [path, from] of [
    ['/sign-in/start', '203.0.113.1'],
    ['/sign-in/callback?state=x&code=y', '198.51.100.7, 203.0.113.1'],
  ] as const)
    assert.ok((await countLeft(door.base + path, from)) < 60, path);
  assert.deepEqual(await go(page, 1, '203.0.113.2'), [200]);
  const deadline = Date.now() + 10_000;
  while ((await go(page, 1, '203.0.113.1')).includes(429)) {
    assert.ok(Date.now() < deadline, 'it never refilled');
    await wait(100);
  }
});

test('addresses of one IPv6 network count together, and a port behind an address says nothing', async () => {
  const page = `${door.base}/sign-in`;
  for (const [first, second] of [
    ['2001:db8:1:2::1', '2001:0db8:1:2:ffff::9'],
    ['192.0.2.4:50123', '192.0.2.4:50999'],
  ] as const) {
    assert.ok((await countLeft(page, first)) >= 120, first);
    assert.ok((await countLeft(page, second)) < 60, second);
  }
  assert.deepEqual(await go(page, 1, '2001:db8:1:3::1'), [200]);
});

test('nobody’s word on who asks counts unless a proxy was named; behind one that was not, nobody is held up', async () => {
  const [near, unknown] = [await openSignInWeb(), await openWeb({ publicUrl: 'https://notes.example' })];
  try {
    const page = `${near.base}/sign-in`;
    assert.ok((await countLeft(page, '203.0.113.1')) >= 120);
    assert.ok((await countLeft(page, '203.0.113.2')) < 60);
    assert.deepEqual(await go(`${unknown.base}/l/x`, 100, '203.0.113.1', 'POST'), [410]);
  } finally {
    await near.close();
    await unknown.close();
  }
});

test('who tries out links is held up, with every link, and a person elsewhere opens theirs', async () => {
  const { web } = api;
  const { db } = web.database;
  const company = await db.inWorkspace(web.workspaceId, (tx) =>
    seedCompany(tx, web.workspaceId, { domain: 'acme.example', name: 'Acme', score: 70 }),
  );
  const target = { kind: 'pitch' as const, companyId: company.id, template: null };
  const links = createOneTimeLinks({ db, publicUrl: web.base });
  const issue = async (): Promise<string> =>
    (await links.issue({ workspaceId: web.workspaceId, target, record: null, user: 'rep' })).url;
  const url = await issue();
  const forged = url.slice(0, -1) + (url.endsWith('A') ? 'B' : 'A');
  const [guesser, other] = ['203.0.113.9', '203.0.113.10'];
  assert.deepEqual(await go(forged, 50, guesser, 'POST'), [410]);
  assert.ok((await countLeft(forged.replace('/l/', '/opened/'), guesser)) < 60);
  // Every second there is one more try; in between, a link that is good opens as little as one that is not.
  const held = async () => {
    await visit(forged, { 'x-forwarded-for': guesser });
    return visit(await issue(), { 'x-forwarded-for': guesser });
  };
  const answers = [await held(), await held(), await held(), await held(), await held()];
  const refused = answers.find(({ status }) => status === 429) ?? assert.fail('the guesser opens everything');
  assert.match(refused.html, /too many tries from your address/);
  assert.equal((await visit(url, { 'x-forwarded-for': other })).status, 303);
});

test('who tries out API tokens is held up in the API’s own words, and a token elsewhere works on', async () => {
  const good = await api.makeToken('read');
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const statuses = new Set<number>();
  for (let count = 0; count < 1_000 && !statuses.has(429); count += 1) {
    const { token } = mintToken(api.web.workspaceId);
    const asked = await api.ask('GET', '/companies', { token, headers: from('203.0.113.20') });
    statuses.add(asked.status);
    if (asked.status !== 429) continue;
    assert.match(asked.headers.get('retry-after') ?? '', /^\d+$/);
    assert.match(z.object({ type: z.string() }).parse(asked.body).type, /:too-many-requests$/);
  }
  assert.deepEqual([...statuses], [401, 429]);
  const elsewhere = { token: good.token, headers: from('203.0.113.21') };
  for (let count = 0; count < 80; count += 1)
    assert.equal((await api.ask('GET', '/companies', elsewhere)).status, 200);
});

test('addresses that tried nothing for ten minutes are forgotten', async () => {
  const { web } = api;
  const { db } = web.database;
  await forget(web);
  for (const from of ['203.0.113.30', '203.0.113.31']) await go(`${web.base}/l/x`, 1, from, 'POST');
  await db.directory(`update limits set free_at = now() - interval '11 minutes' where bucket like '%.30'`);
  await forgetOldTries(db);
  const { rows } = await db.directory<{ bucket: string }>(
    `select bucket from limits where bucket like 'tries:%'`,
  );
  assert.deepEqual(rows, [{ bucket: 'tries:links:203.0.113.31' }]);
});
