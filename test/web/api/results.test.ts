import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { findRun, listRuns } from '../../../src/pipeline/store/runs.ts';
import { Pitch } from '../../../src/web/api/pitch-shapes.ts';
import { CompanyList, Company, ScoreState, SourceList } from '../../../src/web/api/shapes.ts';
import { seedCompany, seedRest } from '../seed.ts';
import { openApi } from './api-fixture.ts';
import type { TestApi } from './api-fixture.ts';

const Told = z.looseObject({
  type: z.string(),
  fields: z.array(z.looseObject({ in: z.string(), pointer: z.string() })).optional(),
});

let api: TestApi;
before(async () => {
  api = await openApi();
  const { web } = api;
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    for (const [index, score] of [70, 91.5, 70, null, 12].entries()) {
      const company = await seedCompany(tx, web.workspaceId, {
        domain: `c${index}.example`,
        name: `Company ${index}`,
        score,
        band: score === null ? null : 'B',
      });
      if (index === 0)
        await seedRest(tx, web.workspaceId, company, 'Nadia Søholm', 'https://c0.example/about');
    }
    await tx.query(
      `insert into companies (workspace_id, domain, name, website) values ($1, 'new.example', 'New', 'x')`,
      [web.workspaceId],
    );
    await tx.query(
      `update companies set excluded_because = 'a customer', excluded_by = 'x' where domain = 'c4.example'`,
    );
  });
});
after(() => api.web.close());

const detail = (body: unknown): z.infer<typeof Told> => Told.parse(body);

test('companies come by score in pages that neither repeat nor skip', async () => {
  const seen: string[] = [];
  let cursor = '';
  for (let pages = 0; ; pages += 1) {
    assert.ok(pages < 10);
    const { body } = await api.ask('GET', `/companies?limit=2${cursor}`);
    const page = CompanyList.parse(body);
    seen.push(...page.companies.map(({ domain, standing }) => `${domain} ${standing}`));
    if (page.next === null) break;
    cursor = `&cursor=${page.next}`;
  }
  assert.deepEqual(seen, [
    'c1.example B',
    'c0.example B',
    'c2.example B',
    'c3.example not-enough-evidence',
    'new.example not-scored-yet',
    'c4.example excluded',
  ]);
  const only = CompanyList.parse((await api.ask('GET', '/companies?standing=excluded')).body);
  assert.deepEqual(
    only.companies.map(({ domain, score }) => [domain, score]),
    [['c4.example', null]],
  );
});

test('a company is told with its score and why, what was read, and its pitch', async () => {
  const known = Company.parse((await api.ask('GET', '/companies/c0.example')).body);
  assert.equal(known.result?.score, 70);
  assert.equal(known.result?.reasons[0]?.quote, 'We train our own models on our own cluster.');
  assert.equal(known.result?.personas[0]?.matches[0]?.name, 'Nadia Søholm');
  assert.equal(Company.parse((await api.ask('GET', '/companies/new.example')).body).result, null);
  assert.equal(
    (await api.ask('GET', `/companies/${encodeURIComponent('https://www.c0.example/x')}`)).status,
    200,
  );
  const { sources } = SourceList.parse((await api.ask('GET', '/companies/c0.example/sources')).body);
  assert.equal(sources[0]?.url, 'https://c0.example/about');
  assert.equal((await api.ask('GET', '/companies/c0.example/signals')).status, 200);
  const pitch = Pitch.parse((await api.ask('GET', '/companies/c0.example/pitch')).body);
  assert.equal(pitch.citations[0]?.url, 'https://c0.example/about');
  assert.match(detail((await api.ask('GET', '/companies/c1.example/pitch')).body).type, /no-pitch$/);
  assert.match(detail((await api.ask('GET', '/companies/nobody.example')).body).type, /no-such-company$/);
});

test('a pitch comes as a PDF, many as a ZIP with an index', async () => {
  const pdf = await api.ask('GET', '/companies/c0.example/pitch.pdf');
  assert.equal(pdf.status, 200);
  assert.equal(pdf.headers.get('content-type'), 'application/pdf');
  const page = await fetch(`${api.web.base}/companies/c0.example/pitch.pdf`);
  assert.ok(
    Buffer.from(await page.arrayBuffer()).equals(z.instanceof(Buffer).parse(pdf.body)),
    'the same bytes',
  );
  const zip = await api.ask('POST', '/pitches.zip', {
    body: { domains: ['c1.example', 'nobody.example', 'c0.example', 'c1.example', 'not a domain'] },
  });
  assert.equal(zip.status, 200);
  assert.equal(zip.headers.get('content-type'), 'application/zip');
  const bytes = z.instanceof(Buffer).parse(zip.body).toString('latin1');
  assert.equal(bytes.split('PK\u0001\u0002').length - 1, 3);
  for (const name of ['c1.example.pdf', 'c0.example.pdf', 'index.csv']) assert.ok(bytes.includes(name), name);
  assert.equal(
    (await api.ask('POST', '/pitches.zip', { body: { domains: ['nobody.example'] } })).status,
    404,
  );
});

test('a fresh score answers at once; a company that nobody knows is begun, once per key', async () => {
  const stored = await api.ask('POST', '/scores', { body: { domain: 'c0.example' } });
  assert.equal(stored.status, 200);
  assert.equal(ScoreState.parse(stored.body).result?.score, 70);
  const ask = (domain: string, key: string) =>
    api.ask('POST', '/scores', { body: { domain }, headers: { 'idempotency-key': key } });
  const answers = await Promise.all([1, 2, 3].map(() => ask('fresh.example', 'one')));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
  const ids = new Set(answers.map(({ body }) => ScoreState.parse(body).id));
  assert.equal(ids.size, 1);
  const [id = null] = ids;
  assert.ok(id);
  assert.equal(answers[0]?.headers.get('location'), `/api/v1/scores/${id}`);
  assert.equal(ScoreState.parse((await api.ask('GET', `/scores/${id}`)).body).state, 'waiting');
  const other = await ask('other.example', 'one');
  assert.equal(other.status, 409);
  assert.match(detail(other.body).type, /idempotency-key-reused$/);
  const { db } = api.web.database;
  const runs = await db.inWorkspace(api.web.workspaceId, (tx) => listRuns(tx));
  assert.equal(runs.length, 1);
  assert.equal((await db.inWorkspace(api.web.workspaceId, (tx) => findRun(tx, id)))?.kind, 'interactive');
  assert.equal((await ask('x.example', ' ')).status, 400);
  assert.equal((await ask('x.example', 'k'.repeat(300))).status, 400);
});

test('who would rather wait is kept waiting no longer than they said', async () => {
  const began = Date.now();
  const asked = await api.ask('POST', '/scores', { body: { domain: 'slow.example' }, headers: { prefer: 'respond-async, wait=1' } }); // prettier-ignore
  assert.equal(asked.status, 202);
  assert.ok(Date.now() - began >= 900);
  const left = await api.ask('POST', '/scores', { body: { domain: 'c4.example' } });
  assert.equal(left.status, 409, 'one that is left out is not researched');
});

test('what is not as described is refused, each place named', async () => {
  const { token } = await api.makeToken('read');
  const post = (body: unknown) => api.ask('POST', '/pitches.zip', { token, body });
  const refusals: [unknown, string][] = [
    [{}, '/domains'],
    [{ domains: ['a.example', 7] }, '/domains/1'],
    [{ domains: [] }, '/domains'],
    [{ domains: Array.from({ length: 201 }, () => 'a.example') }, '/domains'],
    [{ domains: ['a\0b.example'] }, '/domains/0'],
    [{ domains: ['\uD800'] }, '/domains/0'],
    [{ domains: ['a.example'], 'a/b\0': 1 }, ''],
    ['{"domains":["a.example"],"constructor":{"x":1}}', ''],
    ['[]', ''],
    ['null', ''],
    ['7', ''],
  ];
  for (const [body, pointer] of refusals) {
    const refused = await post(body);
    assert.equal(refused.status, 400, JSON.stringify(body));
    assert.equal(detail(refused.body).fields?.[0]?.pointer, pointer, JSON.stringify(body));
  }
  assert.equal((await post('{"domains":')).status, 400);
  assert.equal((await post(`{"domains":["${'a'.repeat(200_000)}"]}`)).status, 413);
  // A prototype is no key of ours, and makes nothing that was not sent.
  assert.ok([400, 404].includes((await post('{"domains":["nobody.example"],"__proto__":{"x":1}}')).status));
  for (const path of [
    '/companies?limit=0',
    '/companies?limit=201',
    '/companies?limit=x',
    '/companies?limit=1&limit=2',
    '/companies?limt=1',
    '/companies?cursor=nonsense',
    `/companies?cursor=${Buffer.from('{"group":9}').toString('base64url')}`,
    `/companies?cursor=${Buffer.from('{"group":0,"score":1,"domain":"\\u0000"}').toString('base64url')}`,
    '/companies/%00',
    '/companies/%E0%A4%A',
    '/scores/not-an-id',
  ])
    assert.equal((await api.ask('GET', path)).status, 400, path);
  assert.equal((await api.ask('GET', `/scores/${crypto.randomUUID()}`)).status, 404);
  const method = await api.ask('DELETE', '/companies');
  assert.equal(method.status, 405);
  assert.equal(method.headers.get('allow'), 'GET');
  assert.equal((await api.ask('GET', '/nowhere')).status, 404);
});

test('a token may ask so often a minute, whichever process answers, and is told when to come back', async () => {
  const { token } = await api.makeToken('read');
  const ask = () => api.ask('POST', '/pitches.zip', { token, body: { domains: ['c1.example'] } });
  const first = await ask();
  assert.match(first.headers.get('ratelimit') ?? '', /^"token";r=560;t=0$/);
  let last = first;
  for (let index = 0; index < 20 && last.status === 200; index += 1) last = await ask();
  assert.equal(last.status, 429);
  assert.ok(Number(last.headers.get('retry-after')) >= 1);
  const another = await api.makeToken('read');
  assert.equal((await api.ask('GET', '/companies', another)).status, 200);
});
