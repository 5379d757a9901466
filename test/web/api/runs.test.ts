import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { changeRunState, createRun } from '../../../src/pipeline/store/runs.ts';
import { RunList, RunState, Undo, WriteList } from '../../../src/web/api/run-shapes.ts';
import { seedCompany } from '../seed.ts';
import { openApi } from './api-fixture.ts';
import type { Asked, TestApi } from './api-fixture.ts';

const Told = z.looseObject({
  type: z.string(),
  detail: z.string(),
  fix: z.string().optional(),
  fields: z.array(z.looseObject({ in: z.string(), pointer: z.string() })).optional(),
});

let api: TestApi;
before(async () => {
  // No worker: what is begun stays as it is.
  api = await openApi();
  const { web } = api;
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    for (const name of ['a', 'b', 'c'])
      await seedCompany(tx, web.workspaceId, { domain: `${name}.example`, name, score: 50 });
  });
});
after(() => api.web.close());

const start = async (body: unknown, key?: string): Promise<Asked & { run: z.infer<typeof RunState> }> => {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  const asked = await api.ask('POST', '/runs', { body, headers });
  assert.equal(asked.status, 202, JSON.stringify(asked.body));
  return { ...asked, run: RunState.parse(asked.body) };
};
const change = async (id: string, what: string): Promise<Asked> => api.ask('POST', `/runs/${id}/${what}`);

test('a program starts a run over the companies it names, or over the first so many', async () => {
  const named = await start({ domains: ['https://www.b.example/about', 'new.example', 'b.example'] });
  assert.equal(named.headers.get('location'), `/api/v1/runs/${named.run.id}`);
  assert.deepEqual(
    [named.run.kind, named.run.state, named.run.startedBy, named.run.companies.total, named.run.over],
    ['manual', 'running', { via: 'api', name: null }, 2, false],
  );
  const { run: limited } = await start({ limit: 2, refresh: true });
  assert.deepEqual([limited.companies.total, limited.refresh, limited.dryRun], [2, true, false]);
  const { run: both } = await start({ limit: 1, domains: ['c.example', 'a.example'], dryRun: true });
  assert.deepEqual([both.companies.total, both.dryRun], [1, true]);
});

test('a run that is asked for twice under one key is begun once', async () => {
  const asked = await Promise.all([1, 2, 3].map(() => start({ limit: 1 }, 'nightly')));
  assert.equal(new Set(asked.map(({ run }) => run.id)).size, 1);
  const other = await api.ask('POST', '/runs', {
    body: { limit: 2 },
    headers: { 'idempotency-key': 'nightly' },
  });
  assert.equal(other.status, 409);
});

test('a run is paused, resumed and cancelled, each once however often it is asked for', async () => {
  const { id } = (await start({ limit: 1 })).run;
  for (const [what, state] of [
    ['pause', 'paused'],
    ['pause', 'paused'],
    ['resume', 'running'],
    ['resume', 'running'],
    ['cancel', 'cancelled'],
    ['cancel', 'cancelled'],
  ] as const) {
    const { status, body } = await change(id, what);
    assert.deepEqual([what, status, RunState.parse(body).state], [what, 200, state]);
  }
  assert.equal(RunState.parse((await api.ask('GET', `/runs/${id}`)).body).companies.cancelled, 1);
  const late = await change(id, 'resume');
  assert.equal(late.status, 409);
  assert.match(Told.parse(late.body).fix ?? '', /start a new one/);
});

test('runs come newest first, in pages that neither repeat nor skip', async () => {
  const { runs: all, next } = RunList.parse((await api.ask('GET', '/runs?limit=200')).body);
  assert.equal(next, null);
  assert.ok(all.length >= 4);
  const times = all.map(({ createdAt }) => createdAt);
  assert.deepEqual(times, times.toSorted().toReversed());
  const seen: string[] = [];
  for (let cursor = ''; ;) {
    const page = RunList.parse((await api.ask('GET', `/runs?limit=2${cursor}`)).body);
    seen.push(...page.runs.map(({ id }) => id));
    if (page.next === null) break;
    cursor = `&cursor=${page.next}`;
  }
  assert.deepEqual(seen, all.map(({ id }) => id)); // prettier-ignore
});

test('reading takes a token that may read; starting, changing and undoing one that may write', async () => {
  const { token } = await api.makeToken('read');
  const { id } = (await start({ limit: 1 })).run;
  for (const path of ['/runs', `/runs/${id}`, '/writes'])
    assert.equal((await api.ask('GET', path, { token })).status, 200, path);
  const changes = [
    ['/runs', { limit: 1 }],
    [`/runs/${id}/pause`, undefined],
    [`/runs/${id}/resume`, undefined],
    [`/runs/${id}/cancel`, undefined],
    [`/runs/${id}/undo`, { dryRun: true }],
  ] as const;
  for (const [path, body] of changes) {
    const refused = await api.ask('POST', path, { token, body });
    assert.equal(refused.status, 403, path);
    assert.match(Told.parse(refused.body).type, /missing-scope$/);
  }
  assert.equal(RunState.parse((await api.ask('GET', `/runs/${id}`)).body).state, 'running');
  const writer = await api.makeToken('write');
  const paused = await api.ask('POST', `/runs/${id}/pause`, { token: writer.token });
  assert.equal(paused.status, 200);
});

test('another workspace sees and changes none of it', async () => {
  const { id } = (await start({ limit: 1 })).run;
  const workspaceId = await ensureWorkspace(api.web.database.db, 'other');
  const { token } = await api.makeToken('admin', { workspaceId });
  assert.deepEqual(RunList.parse((await api.ask('GET', '/runs', { token })).body).runs, []);
  assert.deepEqual(WriteList.parse((await api.ask('GET', '/writes', { token })).body).writes, []);
  for (const [method, path, body] of [
    ['GET', `/runs/${id}`, undefined],
    ['GET', `/runs/${id}/rehearsal`, undefined],
    ['GET', `/writes?run=${id}`, undefined],
    ['POST', `/runs/${id}/cancel`, undefined],
    ['POST', `/runs/${id}/undo`, {}],
  ] as const) {
    const answer = await api.ask(method, path, { token, body });
    assert.equal(answer.status, 404, path);
    assert.match(Told.parse(answer.body).type, /no-such-run$/);
  }
});

test('what can not be begun says why and what to do', async () => {
  const bad = await api.ask('POST', '/runs', { body: { domains: ['a.example', 'not a domain'] } });
  assert.deepEqual([bad.status, Told.parse(bad.body).fields?.[0]?.pointer], [400, '/domains/1']);
  for (const body of [{ limit: 0 }, { limit: 1.5 }, { domains: [] }, { model: 'x' }])
    assert.equal((await api.ask('POST', '/runs', { body })).status, 400, JSON.stringify(body));
  for (const path of [
    '/writes?state=gone',
    '/writes?field=Name',
    '/writes?run=x',
    '/writes?cursor=x',
    '/runs?cursor=e30',
  ])
    assert.equal((await api.ask('GET', path)).status, 400, path);
  const { id } = (await start({ limit: 1 })).run;
  const undo = await api.ask('POST', `/runs/${id}/undo`, { body: {} });
  assert.equal(undo.status, 409);
  assert.match(Told.parse(undo.body).fix ?? '', /Cancel it first/);
  const dry = await api.ask('GET', `/runs/${id}/rehearsal`);
  assert.equal(dry.status, 409);
  assert.match(Told.parse(dry.body).type, /no-dry-run$/);
});

test('an undo of more than one portion is begun at once, planned by a worker, and can be cancelled meanwhile', async () => {
  const { web } = api;
  const run = await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    const { id } = await createRun(tx, web.workspaceId, { kind: 'manual', model: 'gpu-infrastructure' });
    const connection = await ensureConnection(tx, web.workspaceId, 'hubspot', 'default');
    const company = await ensureCompany(tx, web.workspaceId, { domain: 'a.example' });
    await tx.query(
      `insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, old_value, new_value,
         returned_value, state, settled_at)
       select $1, $2, $3, 'company', n::text, $4, 'band', '"B"', '"A"', '"A"', 'applied', now() from generate_series(1, 5001) as n`,
      [web.workspaceId, id, connection.id, company.id],
    );
    await changeRunState(tx, id, 'done');
    return id;
  });
  const begun = await api.ask('POST', `/runs/${run}/undo`, { body: {} });
  assert.equal(begun.status, 202);
  const undo = Undo.parse(begun.body);
  assert.deepEqual([undo.run.state, undo.run.over, undo.fields], ['planning', false, 5000]);
  const jobs = await web.database.db.directory(`select data from pgboss.job where name = 'undo'`);
  assert.deepEqual(jobs.rows, [{ data: { workspaceId: web.workspaceId, undoRunId: undo.run.id } }]);
  assert.equal((await change(undo.run.id, 'resume')).status, 409, 'it is not let go half planned');
  const undoneBy = async () => RunState.parse((await api.ask('GET', `/runs/${run}`)).body).undoneBy.map(({ state }) => state); // prettier-ignore
  assert.deepEqual(await undoneBy(), ['planning']);
  const cancelled = await change(undo.run.id, 'cancel');
  assert.equal(RunState.parse(cancelled.body).state, 'cancelled');
  assert.deepEqual(await undoneBy(), []);

  const { run: whole } = await planUndo(web.database.db, { workspaceId: web.workspaceId, runId: run });
  const late = await change(whole.id, 'cancel');
  assert.equal(late.status, 409);
  assert.match(
    Told.parse(late.body).detail ?? '',
    /can no longer be cancelled: all of it is planned, and goes out/,
  );
});

test('with the month’s money spent no run is begun', async () => {
  const spent = await openApi({ budget: { isSpent: async () => true }, monthlyBudgetUsd: 5 });
  try {
    const refused = await spent.ask('POST', '/runs', { body: {}, headers: { 'idempotency-key': 'k' } });
    assert.equal(refused.status, 409);
    assert.match(Told.parse(refused.body).detail, /budget of \$5 is spent/);
    assert.deepEqual(RunList.parse((await spent.ask('GET', '/runs')).body).runs, []);
  } finally {
    await spent.web.close();
  }
});
