import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LinkTarget } from '../../../src/pipeline/store/one-time-links.ts';
import { createOneTimeLinks } from '../../../src/web/auth/one-time-links.ts';
import { hasProgram, readText } from '../../pipeline/6-pitch/pdf/read-pdf.ts';
import { openPitchBench, TEXT_MODEL } from '../../pipeline/pitch-fixture.ts';
import type { PitchBench } from '../../pipeline/pitch-fixture.ts';
import { seedCompany } from '../seed.ts';
import { openWeb } from '../web-fixture.ts';
import type { TestWeb } from '../web-fixture.ts';

let web: TestWeb;
let bench: PitchBench;
before(async () => {
  web = await openWeb({ textModels: [TEXT_MODEL] });
  bench = await openPitchBench(web);
});
after(async () => {
  await bench.close();
  await web.close();
});

const seed = (domain: string, score: number | null = 70) =>
  bench.within((tx) => seedCompany(tx, web.workspaceId, { domain, name: domain, score }));

/** Opens a link as a person does who presses the page's button. @returns its page's address */
const open = async (companyId: string, template: string): Promise<string> => {
  const links = createOneTimeLinks({ db: web.database.db, publicUrl: web.base });
  const target: LinkTarget = { kind: 'pitch', companyId, template };
  const { url } = await links.issue({
    workspaceId: web.workspaceId,
    target,
    record: null,
    user: 'rep@seller.example',
  });
  const opened = await fetch(url, { method: 'POST', redirect: 'manual' });
  return new URL(opened.headers.get('location') ?? '', web.base).href;
};
const requestsOf = async (companyId: string): Promise<{ id: string; state: string }[]> => {
  const { rows } = await bench.within((tx) =>
    tx.query<{ id: string; state: string }>('select id, state from pitch_requests where company_id = $1', [
      companyId,
    ]),
  );
  return rows;
};

test('a link that names a template makes that pitch, once, and turns into its PDF', async () => {
  const company = await seed('templated.example');
  const page = await open(company.id, 'battlecard');
  assert.match(await (await fetch(page)).text(), /The pitch of templated\.example is being made/);
  await Promise.all(Array.from({ length: 4 }, () => fetch(`${page}/state`)));
  const [request, ...others] = await requestsOf(company.id);
  assert.ok(request && others.length === 0);
  assert.equal(await bench.work(request.id), 'done');

  const pdf = await fetch(page);
  assert.equal(pdf.headers.get('content-type'), 'application/pdf');
  const bytes = Buffer.from(await pdf.arrayBuffer());
  if (await hasProgram('pdftotext')) assert.match(await readText(bytes), /Template battlecard/);

  // The next one is there at once, though no worker is.
  const next = await fetch(await open(company.id, 'battlecard'));
  assert.equal(next.headers.get('content-type'), 'application/pdf');
  const other = await fetch(await open(company.id, 'executive'));
  assert.match(other.headers.get('content-type') ?? '', /html/);
});

test('where the pitch that a link made was deleted since, its page says so, and the next press makes another', async () => {
  const company = await seed('vanished.example');
  const page = await open(company.id, 'battlecard');
  await fetch(page);
  const [request] = await requestsOf(company.id);
  assert.equal(await bench.work(request?.id ?? assert.fail()), 'done');
  assert.equal((await fetch(page)).headers.get('content-type'), 'application/pdf');
  await bench.within((tx) =>
    tx.query(`delete from pitches where company_id = $1 and template = 'battlecard'`, [company.id]),
  );
  const gone = await fetch(page);
  assert.equal(gone.status, 409);
  assert.match(await gone.text(), /"?battlecard"?[^]*was deleted since[^]*Press the button again/);
  const next = await open(company.id, 'battlecard');
  assert.match(await (await fetch(next)).text(), /The pitch of vanished\.example is being made/);
});

test('what was read without enough evidence opens under any template; one that was removed says so', async () => {
  const company = await seed('thin.example', null);
  const page = await open(company.id, 'concise');
  assert.equal((await fetch(page)).headers.get('content-type'), 'application/pdf');

  const other = await seed('removed.example');
  const removed = await fetch(await open(other.id, 'was-ours-once'));
  assert.equal(removed.status, 409);
  assert.match(await removed.text(), /There is no template[\s\S]*Take one of/);
});
