import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Tx } from '../../../src/db.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { cancelQueuedItems, countItems } from '../../../src/pipeline/store/run-items.ts';
import { hasWaitedFor } from '../../../src/pipeline/store/writes-waited.ts';
import { changeRunState, createRun, hasRunningBatch } from '../../../src/pipeline/store/runs.ts';
import { spentThisMonth } from '../../../src/pipeline/store/usage.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { NOTE, WRITE_STATES } from '../../../src/pipeline/store/writes.ts';
import type { WriteFilter } from '../../../src/pipeline/store/writes-list.ts';
import { listRunWrites, listWrites } from '../../../src/pipeline/store/writes-list.ts';
import { cancelPlanned } from '../../../src/pipeline/store/writes-outbox.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';

// Companies, each with a planned write and two calls. LARGE_TABLE_ROWS=1000000 is the size that is meant.
const ROWS = Number(process.env['LARGE_TABLE_ROWS'] ?? 20_000);
const USD = 0.008;
// A rehearsal of a few behind the writes of many.
const REHEARSED = 200;
// Of the database's pages, 8 kB each: 99 pairs of a field and a state are looked for with a few each, and 50 lines of a pair may lie on as many.
const MOST_PAGES = 700;

let here: TestDatabase;
let workspaceId: string;
let connectionId: string;
let runs: { planning: string; rehearsing: string };

before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  await here.db.inWorkspace(workspaceId, async (tx) => {
    connectionId = (await ensureConnection(tx, workspaceId, 'salesforce', 'default')).id;
    const [planning, rehearsing] = [
      await createRun(tx, workspaceId, { kind: 'manual', model: 'm' }),
      await createRun(tx, workspaceId, { kind: 'manual', model: 'm', dryRun: true }),
    ];
    runs = { planning: planning.id, rehearsing: rehearsing.id };
    await tx.query(
      `insert into companies (workspace_id, domain, name, website)
       select $1, n || '.example', 'Company', 'x' from generate_series(1, $2::integer) n`,
      [workspaceId, ROWS],
    );
    await tx.query(
      'insert into run_items (workspace_id, run_id, company_id) select $1, $2, id from companies',
      [workspaceId, runs.planning],
    );
    await tx.query(
      `insert into runs (workspace_id, kind, model, state) select $1, 'scheduled', 'm', 'done' from generate_series(1, $2::integer)`,
      [workspaceId, ROWS],
    );
    for (const [runId, state, rows] of [
      [runs.planning, 'planned', ROWS],
      [runs.rehearsing, 'rehearsed', REHEARSED],
    ])
      await tx.query(
        `insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, new_value, state)
         select $1, $2, $3, 'Account', domain, id, 'score', '1', $4 from companies limit $5`,
        [workspaceId, runId, connectionId, state, rows],
      );
    await tx.query(
      `insert into usage (workspace_id, provider, operation, ok, requests, milliseconds, usd, at)
       select $1, 'tavily', 'search', true, 1, 1, case when n % 2 = 0 then $3::numeric else 0 end,
         now() - (n * interval '40 days') / $2::integer
       from generate_series(1, 2 * $2::integer) n`,
      [workspaceId, ROWS, USD],
    );
  });
  await refreshStatistics();
});
after(() => here.close());

/** What autovacuum does by itself, a minute or so behind. */
async function refreshStatistics(): Promise<void> {
  const admin = new pg.Client({ connectionString: here.url });
  await admin.connect();
  await admin.query('vacuum analyze');
  await admin.end();
}

/** Runs `act` and answers how many of the database's pages its statements look at, however they are planned. */
async function countPages(act: (tx: Tx) => Promise<unknown>, workspace = workspaceId): Promise<number> {
  let pages = 0;
  await here.db.inWorkspace(workspace, async (tx) => {
    await act({
      client: tx.client,
      query: async (text, values) => {
        const { rows } = await tx.query<{ 'QUERY PLAN': string }>(
          `explain (analyze, buffers) ${text}`,
          values,
        );
        const seen = rows.map((row) =>
          /Buffers: shared (?:hit=(\d+))? ?(?:read=(\d+))?/.exec(row['QUERY PLAN']),
        );
        const [, hit = '0', read = '0'] = seen.find((found) => found !== null) ?? [];
        pages += Number(hit) + Number(read);
        return tx.query(text, values);
      },
    });
  });
  return pages;
}

/** Runs `act` and answers how each of its statements is planned. */
async function plansOf(act: (tx: Tx) => Promise<unknown>): Promise<string> {
  const plans: string[] = [];
  await here.db.inWorkspace(workspaceId, async (tx) => {
    const watching: Tx = {
      client: tx.client,
      query: async (text, values) => {
        const { rows } = await tx.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${text}`, values);
        plans.push(...rows.map((row) => row['QUERY PLAN']));
        return tx.query(text, values);
      },
    };
    await act(watching);
  });
  return plans.join('\n');
}

test('what was spent this month is summed from hours that are over and the calls since, and comes to the same', async () => {
  const sum = async (): Promise<number> =>
    here.db.inWorkspace(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ usd: number }>(
        `select coalesce(sum(usd), 0) as usd from usage
         where at >= date_trunc('month', now() at time zone 'utc') at time zone 'utc'`,
      );
      return rows[0]?.usd ?? 0;
    });
  const spent = (): Promise<number> => here.db.inWorkspace(workspaceId, spentThisMonth);
  assert.equal(await spent(), await sum());
  await here.db.inWorkspace(workspaceId, (tx) =>
    tx.query(
      `insert into usage (workspace_id, provider, operation, ok, requests, milliseconds, usd) values ($1, 'llm', 'read', true, 1, 1, 0.5)`,
      [workspaceId],
    ),
  );
  assert.equal(await spent(), await sum());
  assert.doesNotMatch(await plansOf(spentThisMonth), /Seq Scan on usage\b/);
});

test('whether a batch still plans is seen without reading all that waits', async () => {
  const look = async (tx: Tx) => [await hasRunningBatch(tx), await hasWaitedFor(tx, connectionId, 300_000)];
  assert.deepEqual(await here.db.inWorkspace(workspaceId, look), [true, false]);
  const plans = await plansOf(look);
  assert.doesNotMatch(plans, /Seq Scan on (writes|runs)\b/);
  await here.db.inWorkspace(workspaceId, (tx) =>
    tx.query(`update writes set planned_at = planned_at - interval '1 hour' where external_id = '7.example'`),
  );
  assert.deepEqual(await here.db.inWorkspace(workspaceId, look), [true, true]);
});

test('a page of a rehearsal is found by its run, however many writes lie before it', async () => {
  const page = { state: 'rehearsed', limit: 50, afterId: 0 } as const;
  const plans = await plansOf((tx) => listRunWrites(tx, runs.rehearsing, page));
  assert.match(plans, /Index Scan using writes_run\b/);
  const rows = await here.db.inWorkspace(workspaceId, (tx) => listRunWrites(tx, runs.rehearsing, page));
  assert.equal(rows.length, 50);
  assert.deepEqual(
    rows.map(({ id }) => id),
    rows.map(({ id }) => id).toSorted((one, other) => one - other),
  );
});

test('whatever the ledger is asked for, hardly more is read than is shown, be there few such lines or none', async () => {
  const { companyId, externalId } = await here.db.inWorkspace(workspaceId, async (tx) => {
    const { rows } = await tx.query<{ companyId: string; externalId: string }>(
      `select company_id as "companyId", external_id as "externalId" from writes where run_id = $1 limit 1`,
      [runs.rehearsing],
    );
    assert.ok(rows[0] !== undefined);
    return rows[0];
  });
  const states = [undefined, ...WRITE_STATES];
  const small = await ensureWorkspace(here.db, 'small');
  const one = <T>(value: T): (T | undefined)[] => [undefined, value];
  const filters: WriteFilter[] = one(externalId).flatMap((record) =>
    one(companyId).flatMap((company) =>
      [undefined, runs.planning, runs.rehearsing].flatMap((runId) =>
        [undefined, 'score', 'band', NOTE].flatMap((field) =>
          states.map((state): WriteFilter => ({
            externalId: record,
            companyId: company,
            runId,
            field,
            state,
          })),
        ),
      ),
    ),
  );
  for (const beforeId of [null, Math.ceil(ROWS / 2)])
    for (const filter of filters) {
      const read = await countPages((tx) => listWrites(tx, filter, { limit: 50, beforeId }));
      assert.ok(read < MOST_PAGES, `${read} pages for ${JSON.stringify({ ...filter, beforeId })}`);
    }
  const inSmall = await countPages((tx) => listWrites(tx, {}, { limit: 50, beforeId: null }), small);
  assert.ok(inSmall < MOST_PAGES, `${inSmall} pages in a workspace without writes`);
});

test('the ledger’s newest lines of a run come in one order, whatever became of them', async () => {
  const page = { limit: 50, beforeId: null };
  const all = await here.db.inWorkspace(workspaceId, async (tx) => {
    await tx.query(
      `update writes set state = 'skipped' where run_id = $1 and id % 3 = 0 and id > (select max(id) - 60 from writes where run_id = $1)`,
      [runs.planning],
    );
    const rows = await listWrites(tx, { runId: runs.planning }, page);
    await tx.query(`update writes set state = 'planned' where run_id = $1 and state = 'skipped'`, [
      runs.planning,
    ]);
    return rows;
  });
  const ids = all.map(({ id }) => id);
  assert.deepEqual(
    ids,
    Array.from({ length: 50 }, (_, index) => (ids[0] ?? 0) - index),
  );
  assert.deepEqual(new Set(all.map(({ state }) => state)), new Set(['planned', 'skipped']));
});

test('a large run is cancelled in portions, its companies and its writes', async () => {
  const portion = Math.ceil(ROWS / 3);
  const inPortions = async (act: (tx: Tx) => Promise<number>): Promise<number[]> => {
    const counts: number[] = [];
    do counts.push(await here.db.inWorkspace(workspaceId, act));
    while (counts.at(-1) === portion);
    return counts;
  };
  await here.db.inWorkspace(workspaceId, (tx) => changeRunState(tx, runs.planning, 'cancelled'));
  const items = await inPortions((tx) => cancelQueuedItems(tx, runs.planning, portion));
  const writes = await inPortions((tx) => cancelPlanned(tx, connectionId, portion));

  for (const counts of [items, writes]) {
    assert.equal(counts.length, 3);
    assert.equal(
      counts.reduce((total, count) => total + count, 0),
      ROWS,
    );
  }
  const { cancelled, total } = await here.db.inWorkspace(workspaceId, (tx) => countItems(tx, runs.planning));
  assert.deepEqual([cancelled, total], [ROWS, ROWS]);
  await refreshStatistics();
  const plans = await plansOf((tx) => cancelPlanned(tx, connectionId, portion));
  assert.doesNotMatch(plans, /Seq Scan on (writes|runs)\b/);
});
