import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { ensureCompany } from '../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { saveUsage } from '../../src/pipeline/store/usage.ts';
import { seedCompany, seedRest } from './seed.ts';
import type { TestWeb } from './web-fixture.ts';
import { openWeb } from './web-fixture.ts';

const ATTACK = `"><img src=x onerror=alert(1)><script>alert(2)</script>{{constructor}}'`;

let web: TestWeb;
const get = async (path: string): Promise<string> => {
  const response = await fetch(`${web.base}${path}`);
  assert.equal(response.status, 200, path);
  return response.text();
};

before(async () => {
  web = await openWeb();
});
after(() => web.close());

test('an empty workspace says what to do first', async () => {
  assert.match(await get('/'), /No companies yet[\s\S]*fieldnote connect/);
  assert.match(await get('/runs'), /No runs yet[\s\S]*fieldnote run/);
  assert.match(await get('/status'), /ready/);
});

test('a connection that can not be opened here says why in place of its settings', async () => {
  assert.match(await get('/settings'), /No connection yet[\s\S]*fieldnote connect/);
  const { id } = await web.database.db.inWorkspace(web.workspaceId, (tx) =>
    ensureConnection(tx, web.workspaceId, 'hubspot', 'emea'),
  );
  assert.match(
    await get('/settings'),
    /emea[\s\S]*Not to be opened here: hubspot is not configured\. Set what/,
  );
  const page = await fetch(`${web.base}/settings/${id}`);
  assert.equal(page.status, 409);
  assert.match(await page.text(), /hubspot is not configured[\s\S]*Set what opens it/);
});

test('companies are ranked, searched, filtered and paged, each once', async () => {
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    for (let each = 0; each < 120; each += 1)
      await seedCompany(tx, web.workspaceId, {
        domain: `ranked-${String(each).padStart(3, '0')}.example`,
        name: `Ranked ${each}`,
        score: each % 3 === 0 ? 50 : each / 2,
        band: each % 3 === 0 ? 'B' : 'D',
      });
    await seedCompany(tx, web.workspaceId, { domain: 'unread.example', name: 'Unread Ltd', score: null });
    await ensureCompany(tx, web.workspaceId, { domain: 'waiting.example', name: 'Waiting 100% plc' });
  });
  const seen: string[] = [];
  for (const page of [1, 2, 3])
    seen.push(
      ...[...(await get(`/?page=${page}`)).matchAll(/href="\/companies\/([^"]+)"/g)].map((m) => m[1] ?? ''),
    );
  assert.equal(seen.length, 122);
  assert.equal(new Set(seen).size, 122);
  assert.equal(seen[0], 'ranked-119.example');
  assert.deepEqual(seen.slice(-2), ['unread.example', 'waiting.example']);
  const ties = seen.filter((domain) => /^ranked-0(00|03|06)/.test(domain));
  assert.deepEqual(ties, [...ties].sort());

  const unread = await get('/?q=UNREAD');
  assert.match(unread, /Unread Ltd/);
  assert.match(unread, /Only 40 characters/);
  assert.doesNotMatch(unread, /ranked-/);
  assert.match(await get('/?q=100%25'), /Waiting 100% plc/);
  assert.doesNotMatch(await get('/?q=100%25'), /ranked-100/);
  const onlyB = await get('/?band=B');
  assert.match(onlyB, /1–40 of 40/);
  assert.match(await get('/?q=nobody'), /Nothing matches/);
  for (const odd of ['/?page=0', '/?page=999999', '/?band=Z', '/?q=%00', '/?q=a&q=b', '/?page=-1'])
    await get(odd);
});

test('a company shows reasons that add up, with linked quotes, and everything that was made of them', async () => {
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    const quote =
      'Our cluster of 512 accelerators trains the perception models that steer every harvester we sell.';
    const url = 'https://harrow.example/engineering?x=1#top';
    const evidence = { url, sourceId: null, published: '2026-09-01' };
    const company = await seedCompany(tx, web.workspaceId, {
      domain: 'harrow.example',
      name: 'Harrow Fields',
      score: 70.3,
      quote,
      url,
      reasons: [
        { kind: 'own', label: 'Trains models of its own', points: 61.5, quote, ...evidence },
        {
          kind: 'api',
          label: "Builds on others' models",
          points: -3.2,
          quote: 'We call an API.',
          ...evidence,
        },
        {
          kind: 'start',
          label: 'Start',
          points: 12,
          quote: null,
          url: null,
          sourceId: null,
          published: null,
        },
      ],
    });
    await seedRest(tx, web.workspaceId, company, 'Nadia & Söhne', url);
    await saveUsage(
      tx,
      { workspaceId: web.workspaceId, companyId: company.id },
      [
        { provider: 'tavily', operation: 'search', ok: true, milliseconds: 5, requests: 1, searchCredits: 2 },
        {
          provider: 'llm',
          operation: 'extract',
          ok: false,
          milliseconds: 5,
          requests: 1,
          promptTokens: 1000,
        },
      ],
      { searchUsdPerCredit: 0.008, llmUsdPerMInput: 0.25, llmUsdPerMOutput: 0.75 },
    );
  });
  const page = await get('/companies/harrow.example');
  assert.match(page, /12\.0 at the start/);
  assert.match(page, /\+61\.5/);
  assert.match(page, /−3\.2/);
  assert.match(page, />70\.3</);
  assert.match(page, /engineering\?x&#x3D;1#top:~:text&#x3D;Our%20cluster%20of%20512%20accelerators,/);
  assert.match(page, /1 Sep 2026/);
  assert.match(page, /Hires GPU engineers/);
  assert.match(page, /Inferred from the role/);
  assert.match(page, /Salesforce Contact/);
  assert.match(page, /Rival of Harrow Fields/);
  assert.match(page, /href="#cite-1"/);
  // [7] cites nothing and stays text.
  assert.match(page, /\[7\]/);
  assert.match(page, /2 sentences that no source proves were cut/);
  assert.match(page, /Could not be read[\s\S]*timeout/);
  assert.match(page, /2 credits/);
  assert.match(page, /\(1 failed\)/);
  assert.match(page, /\$0\.02/);
  assert.match(await get('/companies/waiting.example'), /Not scored yet/);
});

test('whatever CRM, page or model send, no page of ours runs or links it', async () => {
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    const company = await seedCompany(tx, web.workspaceId, {
      domain: 'attack.example',
      name: ATTACK,
      score: 99.9,
      quote: ATTACK,
      url: 'javascript:alert(document.domain)',
    });
    await seedRest(tx, web.workspaceId, company, ATTACK, 'data:text/html,<script>alert(3)</script>');
  });
  for (const path of ['/', '/companies/attack.example', `/?q=${encodeURIComponent(ATTACK)}`]) {
    const page = await get(path);
    assert.doesNotMatch(page, /<img src=x|<script>|onerror=alert\(1\)>/, path);
    assert.doesNotMatch(page, /href="(?!https?:|\/|#|")/, path);
    assert.match(page, /&lt;script&gt;|&quot;&gt;&lt;img/, path);
  }
  const missing = await fetch(`${web.base}/companies/${encodeURIComponent('<script>alert(1)</script>')}`);
  assert.equal(missing.status, 404);
  assert.doesNotMatch(await missing.text(), /<script>/);
});

test('every link out opens apart, tells nothing and passes no rank', async () => {
  const page = await get('/companies/harrow.example');
  for (const [link] of page.matchAll(/<a [^>]*href="https?:[^>]*>/g))
    assert.match(link, /target="_blank" rel="noopener noreferrer nofollow"/);
});

test('pages allow scripts and styles of ours alone, and hold none inline', async () => {
  const response = await fetch(`${web.base}/companies/harrow.example`);
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const page = await response.text();
  assert.doesNotMatch(page, /\sstyle=|\son[a-z]+=|<style|<script(?![^>]*src=)/);
  for (const asset of ['base.css', 'live.js', 'mark.svg'])
    assert.equal((await fetch(`${web.base}/assets/${asset}`)).status, 200);
  const mark = await fetch(`${web.base}/favicon.ico`);
  assert.match(mark.headers.get('content-type') ?? '', /^image\/svg/);
});

test('errors are a page for people, JSON for programs, and name the request', async () => {
  const page = await fetch(`${web.base}/nowhere`, { headers: { 'x-request-id': 'trace-0001' } });
  assert.equal(page.status, 404);
  assert.equal(page.headers.get('x-request-id'), 'trace-0001');
  assert.match(await page.text(), /trace-0001/);
  const api = await fetch(`${web.base}/api/v1/nowhere`, { headers: { 'x-request-id': 'bad id' } });
  const body = z.object({ detail: z.string(), requestId: z.string() }).parse(await api.json());
  assert.equal(api.status, 404);
  assert.match(body.requestId, /^[0-9a-f-]{36}$/);
  assert.ok(body.detail.includes('/api/v1/nowhere'));
  assert.equal((await fetch(`${web.base}/companies/%E0%A4%A`)).status, 400);
  const lines = web.logged.filter((line) => line['requestId'] === 'trace-0001');
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.['status'], 404);
});

test('companies that are left out stand last, with the reason, and are counted', async () => {
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    await seedCompany(tx, web.workspaceId, { domain: 'left-out.example', name: 'Left Out', score: 99, band: 'A' }); // prettier-ignore
    await tx.query(
      `update companies set excluded_because = 'a customer: Type is Customer', excluded_by = 'x' where domain = 'left-out.example'`,
    );
  });
  const only = await get('/?band=excluded');
  assert.match(only, /1–1 of 1/);
  assert.match(only, /Left out[\s\S]*a customer: Type is Customer/);
  const row = /<tr[^>]*>(?:(?!<\/tr>)[\s\S])*left-out\.example[\s\S]*?<\/tr>/.exec(only)?.[0] ?? '';
  assert.doesNotMatch(row, />99/, 'its old score does not stand in the ranking');
  assert.doesNotMatch(await get('/?band=A'), /left-out\.example/);
  assert.match(
    await get('/status'),
    /Companies that are left out[\s\S]*a customer: Type is Customer[\s\S]*>1</,
  );
});
