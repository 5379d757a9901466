import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { noteStage, settleItem, startItem } from '../../src/pipeline/store/run-items.ts';
import { ensureCompany } from '../../src/pipeline/store/companies.ts';
import { openBrowser } from '../harness/browser.ts';
import type { Browser } from '../harness/browser.ts';
import { seedCompany, seedRest } from './seed.ts';
import { visit } from './visit.ts';
import { openWeb } from './web-fixture.ts';
import type { TestWeb } from './web-fixture.ts';

let web: TestWeb;
let browser: Browser;
before(async () => {
  web = await openWeb();
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  await web.close();
});

const inWorkspace: TestWeb['database']['db']['inWorkspace'] = (id, act) =>
  web.database.db.inWorkspace(id, act);
const make = (domain: string) =>
  inWorkspace(web.workspaceId, (tx) => ensureCompany(tx, web.workspaceId, { domain, name: `Of ${domain}` }));
const seed = async (domain: string, score: number | null = 61): Promise<void> => {
  await inWorkspace(web.workspaceId, async (tx) => {
    const company = await seedCompany(tx, web.workspaceId, { domain, name: `Of ${domain}`, score });
    if (score !== null)
      await seedRest(tx, web.workspaceId, company, 'They train models', `https://${domain}/about`);
  });
};
const runsOf = async (companyId: string): Promise<string[]> => {
  const { rows } = await inWorkspace(web.workspaceId, (tx) =>
    tx.query<{ id: string }>('select run_id as id from run_items where company_id = $1', [companyId]),
  );
  return rows.map(({ id }) => id);
};
const settle = (runId: string, companyId: string, failed: string | null): Promise<unknown> =>
  inWorkspace(web.workspaceId, async (tx) => {
    await startItem(tx, runId, companyId);
    await settleItem(
      tx,
      runId,
      companyId,
      failed === null
        ? { state: 'done', outcome: 'scored' }
        : { state: 'failed', outcome: 'failed', error: failed },
    );
  });
const pageOf = (domain: string): string => `${web.base}/companies/${domain}/pitch`;

test('the page shows a stored pitch, its proof and the PDF, and one without evidence says why there is none', async () => {
  await seed('stored.example');
  await seed('thin.example', null);
  const { status, html } = await visit(pageOf('stored.example'));
  assert.equal(status, 200);
  for (const part of [
    /<h1>Of stored\.example<\/h1>/,
    /They train models <a class="cite" href="#cite-1" aria-label="Source 1">1<\/a>/,
    /<li id="cite-1" value="1"><q>They train models<\/q>/,
    /href="\/companies\/stored\.example\/pitch\.pdf"[^>]*>Pitch PDF/,
    /2 sentences that no source proves were cut/,
  ])
    assert.match(html, part);
  const thin = await visit(pageOf('thin.example'));
  assert.match(thin.html, /Not enough evidence for a score\. Only 40 characters/);
  assert.equal((await visit(pageOf('nobody.example'))).status, 404);
});

test('going to the page of a company that nobody scored begins that, once; looking at it begins nothing', async () => {
  const company = await make('fresh.example');
  const looked = await (await fetch(pageOf('fresh.example'), { headers: { accept: 'text/html' } })).text();
  assert.match(looked, /<button type="submit" class="primary">Find its score and pitch now/);
  assert.deepEqual(await runsOf(company.id), []);
  await visit(pageOf('fresh.example'), { 'sec-purpose': 'prefetch' });
  assert.deepEqual(await runsOf(company.id), []);

  const [one, two, pdf] = await Promise.all([
    visit(pageOf('fresh.example')),
    visit(pageOf('fresh.example')),
    visit(`${pageOf('fresh.example')}.pdf`),
  ]);
  for (const { status, html } of [one, two, pdf]) {
    assert.equal(status, 200);
    assert.match(html, /The pitch of Of fresh\.example is being made[\s\S]*Waiting for a free place/);
  }
  assert.equal((await runsOf(company.id)).length, 1);
  const state = await fetch(`${pageOf('fresh.example')}.pdf/state`);
  assert.deepEqual(await state.json(), { over: false, doing: 'Waiting for a free place', step: 0 });
});

test('what failed a moment ago is said, and begun again by hand alone', async () => {
  const company = await make('failing.example');
  await visit(pageOf('failing.example'));
  const [runId = ''] = await runsOf(company.id);
  await settle(runId, company.id, 'tavily: no answer');
  const failed = await visit(pageOf('failing.example'));
  assert.equal(failed.status, 409);
  assert.match(failed.html, /There is no pitch of Of failing\.example[\s\S]*tavily: no answer/);
  assert.equal((await runsOf(company.id)).length, 1);

  const page = await browser.openPage();
  await page.goto(pageOf('failing.example'));
  await page.click('button.primary');
  await page.waitFor(`document.querySelector('[data-waiting]') !== null`);
  assert.equal((await runsOf(company.id)).length, 2);
  // From another site the button does nothing.
  const forged = await fetch(pageOf('failing.example'), {
    method: 'POST',
    headers: { 'sec-fetch-site': 'cross-site' },
  });
  assert.equal(forged.status, 403);
});

test('a company that is left out, and a spent budget, begin nothing', async () => {
  const company = await make('left-out.example');
  await inWorkspace(web.workspaceId, (tx) =>
    tx.query(`update companies set excluded_because = 'a customer' where id = $1`, [company.id]),
  );
  assert.match((await visit(pageOf('left-out.example'))).html, /is left out: a customer/);
  const spent = await openWeb({ budget: { isSpent: async () => true }, monthlyBudgetUsd: 5 });
  try {
    await spent.database.db.inWorkspace(spent.workspaceId, (tx) =>
      ensureCompany(tx, spent.workspaceId, { domain: 'dear.example' }),
    );
    const { status, html } = await visit(`${spent.base}/companies/dear.example/pitch`);
    assert.equal(status, 409);
    assert.match(html, /budget of \$5 is spent/);
    assert.doesNotMatch(html, /<button/);
  } finally {
    await spent.close();
  }
});

test('in a browser the page follows the work and turns into the pitch by itself', async () => {
  const company = await make('followed.example');
  const page = await browser.openPage();
  await page.goto(pageOf('followed.example'));
  assert.match(await page.text(), /is being made/);
  const [runId = ''] = await runsOf(company.id);
  await inWorkspace(web.workspaceId, async (tx) => {
    await startItem(tx, runId, company.id);
    await noteStage(tx, runId, company.id, 'extract');
  });
  await page.waitFor(`document.body.innerText.includes('Scoring')`);
  await seed('followed.example');
  await settle(runId, company.id, null);
  await page.waitFor(`document.querySelector('#pitch h2')?.innerText === 'What to say'`);
  assert.equal(await page.url(), pageOf('followed.example'));
  assert.deepEqual(page.problems, []);
});
