import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hasProgram, readText } from '../pipeline/6-pitch/pdf/read-pdf.ts';
import { seedCompany, seedRest } from './seed.ts';
import { openWeb } from './web-fixture.ts';
import type { TestWeb } from './web-fixture.ts';

let web: TestWeb;
before(async () => {
  web = await openWeb();
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    const seeded = await seedCompany(tx, web.workspaceId, {
      domain: 'printed.example',
      name: 'Printed & Söhne',
      score: 70,
    });
    await seedRest(tx, web.workspaceId, seeded, 'Nadia Søholm', 'https://printed.example/about');
    await seedCompany(tx, web.workspaceId, { domain: 'bare.example', name: 'Bare', score: null });
  });
});
after(() => web.close());

test('a company’s page leads to its pitch as a PDF, the same one each time', async () => {
  const page = await (await fetch(`${web.base}/companies/printed.example`)).text();
  const path = /href="([^"]+)">Pitch PDF</.exec(page)?.[1];
  assert.equal(path, '/companies/printed.example/pitch.pdf');
  const response = await fetch(`${web.base}${path}`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/pdf');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.match(
    response.headers.get('content-disposition') ?? '',
    /^inline; filename="printed\.example\.pdf"$/,
  );
  const pdf = Buffer.from(await response.arrayBuffer());
  assert.ok(pdf.subarray(0, 5).equals(Buffer.from('%PDF-')));
  const again = await fetch(`${web.base}/companies/PRINTED.example/pitch.pdf`);
  assert.ok(pdf.equals(Buffer.from(await again.arrayBuffer())));
  if (!(await hasProgram('pdftotext'))) return;
  const text = await readText(pdf);
  for (const part of [
    'Printed & Söhne',
    'Prepared for Northwind Compute',
    '70.0',
    'Nadia Søholm',
    'Rival of Printed & Söhne',
  ])
    assert.ok(text.includes(part), `${part} in ${text}`);
  assert.match(text, /“We train our own models on our own cluster\.” \[\d\]/);
});

test('one without enough evidence is printed with the reason, one that nobody scored is refused with what to do', async () => {
  const bare = await fetch(`${web.base}/companies/bare.example/pitch.pdf`);
  assert.equal(bare.status, 200);
  for (const nobody of ['nobody.example', encodeURIComponent('<script>\0'), '%2e%2e%2fetc']) {
    const refused = await fetch(`${web.base}/companies/${nobody}/pitch.pdf`);
    assert.equal(refused.status, 404);
    assert.match(await refused.text(), /is not among your companies[\s\S]*CRM record/);
  }
});
