import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { openDatabase } from '../../src/db.ts';
import { createSharedBreaker } from '../../src/pipeline/store/breakers.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { createSharedQuota } from '../../src/pipeline/store/quotas.ts';
import type { TestWeb } from './web-fixture.ts';
import { openWeb } from './web-fixture.ts';

const Part = z.object({ ok: z.boolean(), detail: z.string() });
const Readiness = z.object({
  status: z.string(),
  reasons: z.array(z.string()),
  database: Part,
  queue: Part,
  providers: z.array(
    Part.extend({
      name: z.string(),
      breaker: z.string(),
      failures: z.number(),
      connectionsDown: z.number().nullable(),
    }),
  ),
});

let web: TestWeb;
let looks = 0;

before(async () => {
  web = await openWeb({
    checkProviders: async () => {
      looks += 1;
      return [
        { name: 'tavily', ok: true, detail: 'answers' },
        { name: 'llm', ok: false, detail: 'connection refused at 127.0.0.1:9' },
      ];
    },
  });
});
after(() => web.close());

test('/healthz says that we live', async () => {
  const response = await fetch(`${web.base}/healthz`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: 'alive' });
});

test('a provider that is down degrades readiness and is named, since its work waits and pages stay useful', async () => {
  const breaker = createSharedBreaker(web.database.db);
  for (let failure = 0; failure < 5; failure += 1) await breaker.report('salesforce', 'failure');
  const response = await fetch(`${web.base}/readyz`);
  assert.equal(response.status, 200);
  const body = Readiness.parse(await response.json());
  assert.equal(body.status, 'degraded');
  assert.equal(body.database.ok, true);
  assert.equal(body.queue.ok, true);
  const shown = body.providers.map(({ name, ok, breaker, failures }) => [name, ok, breaker, failures]);
  assert.deepEqual(shown, [
    ['tavily', true, 'closed', 0],
    ['llm', false, 'closed', 0],
    ['salesforce', false, 'open', 5],
  ]);
  const [llm, salesforce] = body.reasons;
  assert.match(llm ?? '', /^llm: connection refused/);
  assert.match(salesforce ?? '', /^salesforce: not answering after 5 failures in a row; next attempt 20/);
});

test('a CRM is shown with the worst of its connections, and how many do not answer', async () => {
  const breaker = createSharedBreaker(web.database.db);
  const fail = async (connection: string, times: number): Promise<void> => {
    for (let failure = 0; failure < times; failure += 1)
      await breaker.report(`hubspot:${connection}`, 'failure');
  };
  const look = async () => {
    const { providers, reasons } = Readiness.parse(await (await fetch(`${web.base}/readyz`)).json());
    const { ok, breaker: state, failures, connectionsDown } = providers.find(({ name }) => name === 'hubspot') ?? assert.fail(); // prettier-ignore
    return { shown: [ok, state, failures, connectionsDown], reasons: reasons.join('\n') };
  };
  await fail('of-acme', 1);
  await fail('of-globex', 2);
  assert.deepEqual((await look()).shown, [true, 'closed', 2, 0]);
  await fail('of-acme', 5);
  const one = await look();
  assert.deepEqual(one.shown, [false, 'open', 6, 1]);
  assert.match(one.reasons, /hubspot: not answering on 1 connection after 6 failures in a row/);
  await fail('of-globex', 5);
  const two = await look();
  assert.deepEqual(two.shown, [false, 'open', 7, 2]);
  assert.match(two.reasons, /hubspot: not answering on 2 connections after 7 failures/);
  // It stands open on every bind.
  assert.doesNotMatch(JSON.stringify(two), /of-acme|of-globex/);
  await breaker.report('hubspot:of-acme', 'success');
  await breaker.report('hubspot:of-globex', 'success');
});

test('the status page tells how much of a CRM’s day is used, and that batch work waits', async () => {
  const { db } = web.database;
  const connection = await db.inWorkspace(web.workspaceId, (tx) =>
    ensureConnection(tx, web.workspaceId, 'salesforce', 'default'),
  );
  const quota = createSharedQuota(db, connection.account);
  const read = async (): Promise<string> => (await fetch(`${web.base}/status`)).text();
  await quota.tell({ used: 12_345, limit: 100_000 });
  assert.match(await read(), /12,345 of 100,000 daily calls used/);
  assert.doesNotMatch(await read(), /batch writes wait/);
  await quota.tell({ used: 80_000, limit: 100_000 });
  assert.match(await read(), /80,000 of 100,000 daily calls used.*batch writes wait/);
});

test('the status page lists the commonest reasons why records lead to no company, and where all of them are', async () => {
  const { db } = web.database;
  await db.inWorkspace(web.workspaceId, async (tx) => {
    const { id } = await ensureConnection(tx, web.workspaceId, 'hubspot', 'many reasons');
    await tx.query(
      `insert into records (workspace_id, connection_id, object, external_id, skipped_because, modified_at, row_hash)
       select $1, $2, 'company', reason || '-' || n, 'reason ' || reason, now(), 'x'
       from generate_series(1, 9) reason, lateral generate_series(1, reason) n`,
      [web.workspaceId, id],
    );
  });
  const page = await (await fetch(`${web.base}/status`)).text();
  assert.match(
    page,
    /lead to no company: 45.*reason 9.*reason 5.*for other reasons<\/th><td class="num">10</s,
  );
  assert.doesNotMatch(page, /reason 4/);
  assert.match(page, /fieldnote export --skipped/);
});

test('many probes ask the providers once', async () => {
  const before = looks;
  await Promise.all(Array.from({ length: 20 }, () => fetch(`${web.base}/readyz`)));
  assert.ok(looks - before <= 1);
});

test('the metrics tell calls, tokens, dollars, queues and breakers', async () => {
  web.metrics.countCall(
    {
      provider: 'llm',
      operation: 'extract',
      ok: true,
      milliseconds: 1200,
      requests: 2,
      hedges: 1,
      promptTokens: 900,
      completionTokens: 100,
    },
    0.0003,
  );
  web.metrics.timeStage('extract', 1500);
  web.metrics.countItem('scored');
  const response = await fetch(`${web.base}/metrics`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
  const text = await response.text();
  for (const line of [
    'fieldnote_provider_calls_total{provider="llm",operation="extract",ok="true"} 1',
    'fieldnote_provider_requests_total{provider="llm"} 2',
    'fieldnote_provider_hedges_total{provider="llm"} 1',
    'fieldnote_llm_tokens_total{provider="llm",kind="prompt"} 900',
    'fieldnote_cost_usd_total{provider="llm"} 0.0003',
    'fieldnote_stage_seconds_count{stage="extract"} 1',
    'fieldnote_items_total{outcome="scored"} 1',
    'fieldnote_queue_jobs{queue="company",state="queued"} 0',
    'fieldnote_breaker_open{provider="salesforce"} 1',
    'fieldnote_shared_state_read 1',
    'fieldnote_http_request_seconds_count{method="GET",route="/healthz",status="200"}',
    'process_cpu_seconds_total',
  ])
    assert.ok(text.includes(line), `missing: ${line}`);
});

test('without a database we are not ready and say why, yet live and give metrics', async () => {
  const gone = await openDatabase(web.database.url);
  await gone.close();
  const dead = await openWeb({ db: gone });
  try {
    const response = await fetch(`${dead.base}/readyz`);
    assert.equal(response.status, 503);
    const body = Readiness.parse(await response.json());
    assert.equal(body.status, 'not-ready');
    assert.ok(body.reasons.some((reason) => reason.startsWith('database: ')));
    assert.equal((await fetch(`${dead.base}/healthz`)).status, 200);
    assert.match(await (await fetch(`${dead.base}/metrics`)).text(), /fieldnote_shared_state_read 0/);
  } finally {
    await dead.close();
  }
});
