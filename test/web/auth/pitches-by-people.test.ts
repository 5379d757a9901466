import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { listOpenRequests } from '../../../src/pipeline/store/pitch-requests.ts';
import { readSeller } from '../../../src/pipeline/store/sellers.ts';
import { seedCompany, seedRest } from '../seed.ts';
import { ADMIN, REP, leadsTo, openClient, openSignInWeb, signIn } from './sign-in-fixture.ts';
import type { Client, SignInWeb } from './sign-in-fixture.ts';

let web: SignInWeb;
let companyId: string;
before(async () => {
  web = await openSignInWeb();
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    const company = await seedCompany(tx, web.workspaceId, {
      domain: 'acme.example',
      name: 'Acme',
      score: 70,
    });
    await seedRest(tx, web.workspaceId, company, 'They train models', 'https://acme.example/about');
    companyId = company.id;
  });
});
after(() => web.close());

const PAGE = '/companies/acme.example/pitch';
const OWN = { 'sec-fetch-site': 'same-origin' };
const enter = async (person: typeof ADMIN): Promise<Client> => {
  const client = openClient();
  await signIn(client, web, person);
  return client;
};
const unescape = (html: string): string =>
  html.replaceAll('&quot;', '"').replaceAll('&#x3D;', '=').replaceAll('&amp;', '&');
/** What a form's hidden field holds. */
const hidden = (html: string, name: string): string =>
  unescape(new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? assert.fail(`no ${name}`));

test('a rep who only may look writes and edits pitches under their name, and changes no settings of all', async () => {
  const rep = await enter(REP);
  const html = await (await rep.get(web.base + PAGE)).text();
  const token = hidden(html, 'token');
  const base = { keyPoints: 'They train models [1]', callToAction: 'They train models [7]', text: 'First They train models [1].\n\nSecond They train models.' }; // prettier-ignore
  assert.deepEqual(JSON.parse(hidden(html, 'base')), base);
  const edited = await rep.post(
    `${web.base}${PAGE}/edit`,
    {
      token,
      revision: hidden(html, 'revision'),
      pitch: hidden(html, 'pitch'),
      base: JSON.stringify(base),
      ...base,
      callToAction: 'Shall we talk?',
    },
    OWN,
  );
  assert.equal(leadsTo(edited).pathname, PAGE);
  const after = await (await rep.get(web.base + PAGE)).text();
  assert.match(after, /call to action edited by Rui Rep \(rui\.rep@seller\.example\) on \d/);

  const asked = await rep.post(
    `${web.base}/companies/acme.example/pitches`,
    { token, template: 'executive' },
    OWN,
  );
  assert.match(leadsTo(asked).search, /^\?request=/);
  const open = await web.database.db.inWorkspace(web.workspaceId, (tx) => listOpenRequests(tx, companyId));
  assert.deepEqual(
    open.map(({ template, askedBy }) => [template, askedBy]),
    [['executive', { via: 'web', name: `Rui Rep (${REP.email})` }]],
  );
  assert.match(
    await (await rep.get(leadsTo(asked).href)).text(),
    /Executive is being written[\s\S]*Asked for by [^<]*rui\.rep@/,
  );

  assert.match(await (await rep.get(`${web.base}/settings/pitches`)).text(), /change nothing[\s\S]*disabled/);
  for (const path of [
    '/settings/pitches',
    '/settings/pitches/seller',
    '/settings/templates',
    '/settings/templates/concise',
  ])
    // prettier-ignore
    assert.equal((await rep.post(web.base + path, { token, version: 'none', name: 'Rui’s' }, OWN)).status, 403, path);
  const admin = await enter(ADMIN);
  const page = await (await admin.get(`${web.base}/settings/pitches`)).text();
  const saved = await admin.post(
    `${web.base}/settings/pitches/seller`,
    {
      token: hidden(page, 'token'),
      version: hidden(page, 'version'),
      base: hidden(page, 'base'),
      name: 'Fjord Compute',
    },
    OWN,
  );
  assert.equal(saved.status, 303);
  const seller = await web.database.db.inWorkspace(web.workspaceId, readSeller);
  assert.equal(seller?.name, 'Fjord Compute');
});
