import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser } from '../../harness/browser.ts';
import type { Browser } from '../../harness/browser.ts';
import { seedCompany } from '../seed.ts';
import { REP, openSignInWeb } from './sign-in-fixture.ts';
import type { SignInWeb } from './sign-in-fixture.ts';

let web: SignInWeb;
let browser: Browser;
before(async () => {
  web = await openSignInWeb();
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  await web.close();
});

test('in a browser a rep follows the link of a record, signs in, sees the company, and signs out', async () => {
  await web.database.db.inWorkspace(web.workspaceId, (tx) =>
    seedCompany(tx, web.workspaceId, { domain: 'acme.example', name: 'Acme', score: 70 }),
  );
  const page = await browser.openPage();
  await page.goto(`${web.base}/companies/acme.example`);
  assert.match(await page.text(), /Sign in/);
  assert.doesNotMatch(await page.text(), /Acme/);
  await page.click('a.button');
  await page.waitFor(`document.querySelector('h1')?.innerText === 'Who are you?'`);
  await page.click(`button[value="${REP.id}"]`);
  await page.waitFor(`document.querySelector('h1')?.innerText === 'Acme'`);
  assert.equal(await page.url(), `${web.base}/companies/acme.example`);
  assert.equal(await page.evaluate('document.cookie'), '', 'scripts see no cookie');

  await page.click('a.account');
  await page.waitFor(`document.querySelector('h1')?.innerText === 'Rui Rep'`);
  await page.click('form[action="/sign-out"] button');
  await page.waitFor(`document.querySelector('h1')?.innerText === 'You are signed out'`);
  await page.goto(`${web.base}/runs`);
  assert.match(await page.text(), /Sign in/);
  assert.deepEqual(page.problems, []);
});
