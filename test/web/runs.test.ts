import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { pauseRun, startRun } from '../../src/pipeline/runs.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import {
  countAttempt,
  finishRunIfSettled,
  noteStage,
  settleItem,
  startItem,
} from '../../src/pipeline/store/run-items.ts';
import { findRun } from '../../src/pipeline/store/runs.ts';
import type { Run } from '../../src/pipeline/store/runs.ts';
import { saveUsage } from '../../src/pipeline/store/usage.ts';
import { insertWrites } from '../../src/pipeline/store/writes-insert.ts';
import { until } from '../e2e/faults/observe.ts';
import { seedCompany } from './seed.ts';
import type { TestWeb } from './web-fixture.ts';
import { openWeb } from './web-fixture.ts';

const Progress = z.object({
  state: z.string(),
  done: z.string(),
  failed: z.string(),
  queued: z.string(),
  working: z.string(),
  cancelled: z.string(),
  total: z.string(),
  donePercent: z.number(),
  over: z.boolean(),
});

let web: TestWeb;
const companyIds: string[] = [];

before(async () => {
  web = await openWeb();
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    for (let each = 0; each < 10; each += 1) {
      const seed = { domain: `company-${each}.example`, name: `Company ${each}`, score: 40 + each };
      companyIds.push((await seedCompany(tx, web.workspaceId, seed)).id);
    }
  });
});
after(() => web.close());

const start = (ids: readonly string[] = companyIds): Promise<Run> =>
  startRun(
    { db: web.database.db, queue: web.queue },
    { workspaceId: web.workspaceId, kind: 'manual', model: 'gpu-infrastructure', companyIds: ids },
  );

const settle = (run: Run, companyId: string, state: 'done' | 'failed', error?: string): Promise<boolean> =>
  web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    await startItem(tx, run.id, companyId);
    await settleItem(tx, run.id, companyId, {
      state,
      outcome: state === 'done' ? 'scored' : 'failed',
      error,
    });
    return finishRunIfSettled(tx, run.id);
  });

async function waitForLock({ database }: TestWeb): Promise<void> {
  await until('somebody waits for the lock', async () => {
    const waiting = await database.db.directory(
      `select from pg_locks where not granted and relation = 'scores'::regclass
         and database = (select oid from pg_database where datname = current_database())`,
    );
    return waiting.rowCount !== 0;
  });
}

/** Reads a stream of events until it ends; `onText` sees all that came so far. */
async function readEvents(
  response: Response,
  onText: (text: string) => Promise<void> | void,
): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    await onText(text);
  }
  return text;
}

function eventsIn(text: string): { name: string; progress: z.infer<typeof Progress> }[] {
  return [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, name, data]) => ({
    name: name ?? '',
    progress: Progress.parse(JSON.parse(data ?? '')),
  }));
}

test('progress is streamed until the run is over, then the stream ends', { timeout: 30_000 }, async () => {
  const run = await start();
  const response = await fetch(`${web.base}/runs/${run.id}/events`);
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.match(response.headers.get('cache-control') ?? '', /no-transform/);
  assert.equal(response.headers.get('x-accel-buffering'), 'no');
  let settled = 0;
  const text = await readEvents(response, async (sofar) => {
    // Each event that arrives lets two more companies finish.
    if (eventsIn(sofar).length * 2 <= settled || settled >= companyIds.length) return;
    for (const id of companyIds.slice(settled, settled + 2))
      await settle(
        run,
        id,
        id === companyIds[3] ? 'failed' : 'done',
        id === companyIds[3] ? 'extract: 503' : undefined,
      );
    settled += 2;
  });
  const events = eventsIn(text);
  assert.ok(events.length >= 3, text);
  assert.deepEqual(
    events.map(({ name }) => name),
    [...events.slice(1).map(() => 'progress'), 'over'],
  );
  for (const { progress } of events) {
    const { done, failed, queued, working, cancelled, total } = progress;
    assert.equal(
      [done, failed, queued, working, cancelled].map(Number).reduce((a, b) => a + b),
      Number(total),
    );
  }
  const last = events.at(-1)?.progress;
  assert.deepEqual([last?.done, last?.failed, last?.state, last?.over], ['9', '1', 'done', true]);
});

test(
  'many viewers of one run see the same, and one that goes leaves the others',
  { timeout: 30_000 },
  async () => {
    const run = await start(companyIds.slice(0, 2));
    const leaver = new AbortController();
    const [gone, ...staying] = await Promise.all(
      Array.from({ length: 6 }, (_each, index) =>
        fetch(`${web.base}/runs/${run.id}/events`, index === 0 ? { signal: leaver.signal } : {}),
      ),
    );
    leaver.abort();
    await assert.rejects(readEvents(gone ?? new Response(), () => undefined));
    for (const id of companyIds.slice(0, 2)) await settle(run, id, 'done');
    for (const text of await Promise.all(staying.map((each) => readEvents(each, () => undefined))))
      assert.equal(eventsIn(text).at(-1)?.name, 'over');
  },
);

test('a run shows counts that sum, stages, trouble with advice, cost and writes', async () => {
  const run = await start();
  await settle(run, companyIds[0] ?? '', 'done');
  await settle(run, companyIds[1] ?? '', 'failed', 'extract: llm read: 401 invalid api key');
  const { db } = web.database;
  await db.inWorkspace(web.workspaceId, async (tx) => {
    await startItem(tx, run.id, companyIds[2] ?? '');
    await noteStage(tx, run.id, companyIds[2] ?? '', 'research');
    await countAttempt(tx, run.id, companyIds[3] ?? '', 'research: tavily search: 503');
    await saveUsage(
      tx,
      { workspaceId: web.workspaceId, runId: run.id },
      [
        {
          provider: 'tavily',
          operation: 'search',
          ok: true,
          milliseconds: 5,
          requests: 1,
          searchCredits: 100,
        },
      ],
      { searchUsdPerCredit: 0.008, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
    );
    const connection = await ensureConnection(tx, web.workspaceId, 'hubspot', 'default');
    const address = { connectionId: connection.id, object: 'company' as const, externalId: '77' };
    await insertWrites(tx, run.id, [
      { ...address, companyId: companyIds[0] ?? '', field: 'score', value: 41 },
      { ...address, companyId: companyIds[0] ?? '', field: 'band', value: 'E', rejected: 'E is no band' },
    ]);
    const emea = await ensureConnection(tx, web.workspaceId, 'hubspot', 'emea');
    await insertWrites(tx, run.id, [
      { ...address, connectionId: emea.id, companyId: companyIds[0] ?? '', field: 'score', value: 41 },
    ]);
  });
  const page = await (await fetch(`${web.base}/runs/${run.id}`)).text();
  const counts = Object.fromEntries(
    [...page.matchAll(/data-text="(\w+)">(\d+)</g)].map(([, key, n]) => [key, Number(n)]),
  );
  assert.deepEqual(counts, { done: 1, working: 1, queued: 7, failed: 1, cancelled: 0, total: 10 });
  assert.match(page, /class="busy">extract <span class="tnum">1</);
  assert.match(
    page,
    /401 invalid api key[\s\S]*?1 failed[\s\S]*?company-1\.example[\s\S]*?Correct the credentials/,
  );
  assert.match(page, /tavily search: 503[\s\S]*?1 being tried again[\s\S]*?tried again by itself/);
  assert.match(page, /100 credits[\s\S]*?\$0\.80/);
  assert.match(page, /HubSpot[\s\S]*?planned[\s\S]*?waits to be sent/);
  assert.match(page, />HubSpot company<[\s\S]*>HubSpot emea company</);
  assert.match(page, /1 × HubSpot Band[\s\S]*?E is no band/);
  const failed = await (await fetch(`${web.base}/runs/${run.id}?state=failed`)).text();
  assert.match(failed, /1–1 of 1/);
  assert.match(await (await fetch(`${web.base}/runs`)).text(), /Started by hand[\s\S]*\$0\.80/);
  const company = await (await fetch(`${web.base}/companies/company-0.example`)).text();
  // The same id in two accounts is two records.
  assert.match(company, /HubSpot company 77[\s\S]*not read[\s\S]*41/);
  assert.match(company, /HubSpot emea company 77[\s\S]*not read[\s\S]*41/);
});

test('a run that does not exist is a clear 404, whatever is asked of it', async () => {
  const unknown = '00000000-0000-4000-8000-000000000000';
  for (const path of [`/runs/${unknown}`, `/runs/${unknown}/events`, '/runs/not-an-id', "/runs/'--"])
    assert.equal((await fetch(`${web.base}${path}`)).status, 404, path);
});

test('the buttons pause, resume and cancel, and only from our own page', async () => {
  const run = await start();
  const url = `${web.base}/runs/${run.id}`;
  const page = await fetch(url);
  const cookie = /^fieldnote_form=[^;]+/.exec(page.headers.get('set-cookie') ?? '')?.[0] ?? '';
  assert.match(page.headers.get('set-cookie') ?? '', /HttpOnly; SameSite=Lax/);
  const token = /name="token" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const press = async (button: string, headers: Record<string, string>, sent = token) => {
    const body = new URLSearchParams({ token: sent });
    const response = await fetch(`${url}/${button}`, { method: 'POST', redirect: 'manual', headers, body });
    return response.status;
  };
  const stateNow = async () =>
    (await web.database.db.inWorkspace(web.workspaceId, (tx) => findRun(tx, run.id)))?.state;
  const ours = { cookie, 'sec-fetch-site': 'same-origin' };

  assert.equal(await press('pause', { cookie }), 403);
  assert.equal(await press('pause', { cookie, 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await press('pause', { cookie, 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(await press('pause', { cookie, origin: 'https://evil.example' }), 403);
  assert.equal(await press('pause', { cookie, origin: 'null' }), 403);
  assert.equal(await press('pause', { 'sec-fetch-site': 'same-origin' }), 403);
  assert.equal(await press('pause', ours, 'x'.repeat(32)), 403);
  assert.equal(await press('pause', ours, ''), 403);
  assert.equal(await press('pause', ours, 'x'.repeat(10_000)), 413);
  assert.equal(await stateNow(), 'running');

  assert.equal(await press('pause', ours), 303);
  assert.equal(await stateNow(), 'paused');
  assert.equal(await press('pause', ours), 409);
  assert.equal(await press('resume', { cookie, origin: web.base }), 303);
  assert.equal(await stateNow(), 'running');
  assert.equal(await press('cancel', ours), 303);
  assert.equal(await stateNow(), 'cancelled');
  assert.doesNotMatch(await (await fetch(url)).text(), /name="token"/);
  assert.equal((await fetch(`${url}/pause`)).status, 404);
});

test('closing ends live streams at once and lets a request finish', { timeout: 30_000 }, async () => {
  const second = await openWeb();
  try {
    const seeded = await second.database.db.inWorkspace(second.workspaceId, (tx) =>
      seedCompany(tx, second.workspaceId, { domain: 'late.example', name: 'Late', score: 1 }),
    );
    const deps = { db: second.database.db, queue: second.queue };
    const run = await startRun(deps, {
      workspaceId: second.workspaceId,
      kind: 'manual',
      model: 'gpu-infrastructure',
      companyIds: [seeded.id],
    });
    await pauseRun(deps, second.workspaceId, run.id);
    const stream = readEvents(await fetch(`${second.base}/runs/${run.id}/events`), () => undefined);
    const began = performance.now();
    // A page that waits for the database while the server closes. The stream reads no scores: what waits is the page.
    const held = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const locked = second.database.db.inWorkspace(second.workspaceId, async (tx) => {
      await tx.query('lock table scores in access exclusive mode');
      held.resolve();
      await released.promise;
    });
    await held.promise;
    const page = fetch(`${second.base}/`);
    await waitForLock(second);
    const closing = second.server.close(10_000);
    released.resolve();
    await locked;
    assert.equal((await page).status, 200);
    await closing;
    await stream;
    assert.ok(performance.now() - began < 8_000, 'closed without waiting for the grace to run out');
    await assert.rejects(fetch(`${second.base}/healthz`));
  } finally {
    await second.close();
  }
});

test('a request that never ends is cut off when the grace is over', { timeout: 30_000 }, async () => {
  const second = await openWeb();
  const socket = connect(Number(new URL(second.base).port), '127.0.0.1');
  const cut = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  socket.write(
    'POST /runs/x/pause HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nto',
  );
  await second.server.close(300);
  await cut;
  await second.close();
});
