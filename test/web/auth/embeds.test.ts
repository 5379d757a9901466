import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { after, before, mock, test } from 'node:test';
import { z } from 'zod';
import { mintToken } from '../../../src/pipeline/api-token.ts';
import { saveToken } from '../../../src/pipeline/store/api-tokens.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { settleItem, startItem } from '../../../src/pipeline/store/run-items.ts';
import { createSeal } from '../../../src/seal.ts';
import { makeEmbedToken } from '../../../src/web/auth/embed-tokens.ts';
import { freePort } from '../../../src/embedded/ports.ts';
import { openBrowser } from '../../harness/browser.ts';
import type { Browser } from '../../harness/browser.ts';
import { seedCompany, seedRest } from '../seed.ts';
import { openWeb } from '../web-fixture.ts';
import type { TestWeb } from '../web-fixture.ts';

const Link = z.object({ url: z.string(), expiresAt: z.string() });
const seal = createSeal(randomBytes(32).toString('base64'));
const vault = { requireSeal: () => seal };

let web: TestWeb;
let crm: Server;
let crmPort: number;
let browser: Browser;
let acme: string;
before(async () => {
  const port = await freePort();
  web = await openWeb({ port, publicUrl: `http://127.0.0.1:${port}`, vault });
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    const company = await seedCompany(tx, web.workspaceId, {
      domain: 'acme.example',
      name: 'Acme',
      score: 70,
    });
    await seedRest(tx, web.workspaceId, company, 'They train models', 'https://acme.example/about');
    acme = company.id;
  });
  // A page of another site that frames what its address names, as a CRM does.
  crm = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://crm.example');
    const sandbox = searchParams.has('sandbox') ? ' sandbox="allow-scripts allow-popups"' : '';
    const frame = encodeURI(searchParams.get('frame') ?? 'about:blank');
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><link rel="icon" href="data:,"><h1>Record</h1><iframe width="900" height="700" src="${frame}"${sandbox}></iframe>`,
    );
  }).listen(0, '127.0.0.1');
  await once(crm, 'listening');
  const address = crm.address();
  crmPort = typeof address === 'object' && address !== null ? address.port : assert.fail();
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  crm.close();
  await web.close();
});

const embed = async (
  domain: string,
  headers: Record<string, string> = {},
  base = web.base,
): Promise<Response> =>
  fetch(`${base}/api/v1/companies/${domain}/embed`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ user: 'nora@seller.example' }),
  });
const linkTo = async (domain: string): Promise<string> => {
  const answer = await embed(domain);
  assert.equal(answer.status, 201);
  return Link.parse(await answer.json()).url;
};
// Of another site than 127.0.0.1, as far as cookies and frames go.
const recordPage = (frame: string, more = ''): string =>
  `http://localhost:${crmPort}/?frame=${encodeURIComponent(frame)}${more}`;

test('in a frame of another site an embed shows score and pitch without a cookie, sandboxed or not', async () => {
  for (const more of ['', '&sandbox']) {
    const page = await browser.openPage();
    await page.goto(recordPage(await linkTo('acme.example'), more));
    const frame = await page.frame('/embedded/');
    await frame.waitFor(`document.querySelector('#pitch h2')?.innerText === 'What to say'`);
    assert.match(await frame.text(), /Acme[\s\S]*They train models/);
    // Its styles came, too.
    assert.equal(
      await frame.evaluate(`getComputedStyle(document.querySelector('.card')).borderRadius !== '0px'`),
      true,
      more,
    );
    assert.deepEqual(page.problems, []);
    const framed = page.responses.find(({ url }) => url.includes('/embedded/'));
    const again = await fetch(framed?.url ?? '');
    assert.deepEqual(again.headers.getSetCookie(), []);
  }
});

test('an embed of a company that nobody scored begins that, follows it and turns into the pitch, in a sandboxed frame too', async () => {
  const { db } = web.database;
  const company = await db.inWorkspace(web.workspaceId, (tx) =>
    ensureCompany(tx, web.workspaceId, { domain: 'fresh.example', name: 'Fresh' }),
  );
  const page = await browser.openPage();
  await page.goto(recordPage(await linkTo('fresh.example'), '&sandbox'));
  const frame = await page.frame('/embedded/');
  await frame.waitFor(`document.body.innerText.includes('The pitch of Fresh is being made')`);
  await db.inWorkspace(web.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      'select run_id as id from run_items where company_id = $1',
      [company.id],
    );
    assert.equal(rows.length, 1);
    const [{ id: runId } = { id: '' }] = rows;
    await seedCompany(tx, web.workspaceId, { domain: 'fresh.example', name: 'Fresh', score: 44 });
    await startItem(tx, runId, company.id);
    await settleItem(tx, runId, company.id, { state: 'done', outcome: 'scored' });
  });
  await frame.waitFor(`document.querySelector('.dial-score')?.textContent === '44.0'`);
});

test('the two CRMs alone may frame an embed, and nobody any other page', async () => {
  const own =
    /frame-ancestors https:\/\/\*\.lightning\.force\.com https:\/\/\*\.my\.salesforce\.com https:\/\/\*\.hubspot\.com/;
  const link = await linkTo('acme.example');
  for (const url of [link, `${web.base}/embed/x`, `${web.base}/embedded/x`]) {
    const { headers } = await fetch(url);
    assert.match(headers.get('content-security-policy') ?? '', own);
    assert.equal(headers.get('x-frame-options'), null);
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
  }
  for (const path of [
    '/',
    '/companies/acme.example/pitch',
    '/companies/acme.example/pitch.pdf',
    '/l/x',
    '/opened/x',
    '/nothing',
  ]) {
    const { headers } = await fetch(web.base + path);
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
    assert.equal(headers.get('x-frame-options'), 'DENY', path);
  }
  // Beyond this machine the sandbox's addresses are nobody.
  const open = await openWeb({ publicUrl: 'https://notes.example', vault });
  try {
    const { headers } = await fetch(`${open.base}/embed/x`);
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors [^;]*hubspot\.com(;|$)/);
  } finally {
    await open.close();
  }
  // And a browser keeps to it.
  const page = await browser.openPage();
  await page.goto(recordPage(`${web.base}/companies/acme.example/pitch`));
  assert.match(page.problems.join('\n'), /frame-ancestors|X-Frame-Options/i);
});

test('a link opens for a minute and a page for fifteen, and nothing else opens either', async () => {
  const told = { workspaceId: web.workspaceId, companyId: acme, user: 'nora' };
  const link = makeEmbedToken({ vault }, 'embed link', told).text;
  const page = makeEmbedToken({ vault }, 'embed page', told).text;
  const statusOf = async (path: string): Promise<number> =>
    (await fetch(web.base + path, { redirect: 'manual' })).status;
  assert.equal(await statusOf(`/embed/${link}`), 303);
  assert.equal(await statusOf(`/embedded/${page}`), 200);
  assert.equal(await statusOf(`/embedded/${page}/pitch.pdf`), 200);
  const strange = makeEmbedToken(
    { vault: { requireSeal: () => createSeal(randomBytes(32).toString('base64')) } },
    'embed page',
    told,
  ).text;
  const gone = makeEmbedToken({ vault }, 'embed page', { ...told, companyId: web.workspaceId }).text;
  for (const wrong of [
    `/embed/${page}`,
    `/embedded/${link}`,
    `/embedded/${strange}`,
    `/embedded/${gone}`,
    `/embedded/${page}A`,
    `/embedded/${page.slice(0, -4)}`,
    `/embedded/${page.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
    `/embedded/${page.slice(0, 40)}${page[40] === 'A' ? 'B' : 'A'}${page.slice(41)}`,
    '/embed/x',
    '/embedded/x/pitch.pdf',
  ]) {
    const answer = await fetch(web.base + wrong);
    assert.equal(answer.status, 410, wrong);
    assert.match(await answer.text(), /This view has ended/);
  }
  const later = async (seconds: number, path: string): Promise<number> => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() + seconds * 1000 });
    try {
      return await statusOf(path);
    } finally {
      mock.timers.reset();
    }
  };
  assert.equal(await later(50, `/embed/${link}`), 303);
  assert.equal(await later(61, `/embed/${link}`), 410);
  assert.equal(await later(14 * 60, `/embedded/${page}`), 200);
  assert.equal(await later(15 * 60 + 1, `/embedded/${page}`), 410);
  assert.ok(!JSON.stringify(web.logged).includes(page) && !JSON.stringify(web.logged).includes(link));
});

test('a link is given for a company of the caller’s own workspace, to who may begin work', async () => {
  const minted = async (scope: 'read' | 'write'): Promise<string> => {
    const { token, ...rest } = mintToken(web.workspaceId);
    await web.database.db.inWorkspace(web.workspaceId, (tx) =>
      saveToken(tx, web.workspaceId, { ...rest, name: scope, scope, days: 1 }),
    );
    return `Bearer ${token}`;
  };
  assert.equal((await embed('acme.example', { authorization: await minted('write') })).status, 201);
  assert.equal((await embed('acme.example', { authorization: await minted('read') })).status, 403);
  assert.equal((await embed('nobody.example')).status, 404);
});
