import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { noteStage, settleItem, startItem } from '../../../src/pipeline/store/run-items.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { createOneTimeLinks } from '../../../src/web/auth/one-time-links.ts';
import { openBrowser } from '../../harness/browser.ts';
import type { Browser } from '../../harness/browser.ts';
import { seedCompany } from '../seed.ts';
import { openWeb } from '../web-fixture.ts';
import type { TestWeb } from '../web-fixture.ts';

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

const issue = async (companyId: string): Promise<string> => {
  const links = createOneTimeLinks({ db: web.database.db, publicUrl: web.base });
  const target = { kind: 'pitch' as const, companyId, template: null };
  return (await links.issue({ workspaceId: web.workspaceId, target, record: null, user: 'rep' })).url;
};

const make = (domain: string) =>
  web.database.db.inWorkspace(web.workspaceId, (tx) =>
    ensureCompany(tx, web.workspaceId, { domain, name: 'Waited For' }),
  );

/** Lets the company's run come to its end, as a worker does, with `step` between. */
const work = async (companyId: string, domain: string, between: () => Promise<void>): Promise<void> => {
  const act = web.database.db.inWorkspace;
  const runId = await act(web.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      'select run_id as id from run_items where company_id = $1',
      [companyId],
    );
    assert.equal(rows.length, 1);
    return rows[0]?.id ?? '';
  });
  await act(web.workspaceId, async (tx) => {
    await startItem(tx, runId, companyId);
    await noteStage(tx, runId, companyId, 'extract');
  });
  await between();
  await act(web.workspaceId, async (tx) => {
    await seedCompany(tx, web.workspaceId, { domain, name: 'Waited For', score: 61 });
    await settleItem(tx, runId, companyId, { state: 'done', outcome: 'scored' });
  });
};

test('in a browser a link opens the page that waits, which turns into the PDF by itself', async () => {
  const company = await make('waited.example');
  const page = await browser.openPage();
  const link = await issue(company.id);
  await page.goto(link);
  assert.match(await page.text(), /The pitch of Waited For is being made/);
  const address = await page.url();
  await work(company.id, 'waited.example', () => page.waitFor(`document.body.innerText.includes('Scoring')`));
  await page.waitFor(
    `document.contentType === 'application/pdf' || document.querySelector('embed') !== null`,
  );
  const last = page.responses.findLast(({ url }) => url === address);
  assert.equal(last?.mimeType, 'application/pdf');
  assert.deepEqual(page.problems, []);

  // The browser that opened it comes to the same page again; another person's is refused.
  await page.goto(link);
  assert.equal(page.responses.findLast(({ url }) => url === address)?.status, 200);
  const stranger = await browser.openPage();
  await stranger.goto(link);
  assert.match(await stranger.text(), /does not open anything any more/);
});

test('without script the page that waits comes back by itself as well', async () => {
  const company = await make('scriptless.example');
  const page = await browser.openPage({ script: false });
  await page.goto(await issue(company.id));
  const address = await page.url();
  await work(company.id, 'scriptless.example', async () => undefined);
  await page.waitFor(`document.querySelector('h1') === null`);
  assert.equal(page.responses.findLast(({ url }) => url === address)?.mimeType, 'application/pdf');
});
