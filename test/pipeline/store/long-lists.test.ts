import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { endRehearsal } from '../../../src/pipeline/store/rehearsals.ts';
import { listRehearsedLines } from '../../../src/pipeline/store/rehearsed-lines.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { listFailedWrites } from '../../../src/pipeline/store/writes-failed.ts';
import { VERDICTS } from '../../../src/pipeline/store/writes-rehearsal.ts';
import type { Verdict } from '../../../src/pipeline/store/writes-rehearsal.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { measureRows } from '../../harness/measure-rows.ts';

const LANDED = 20_000;
const REHEARSED = 20_000;
// Of a rehearsal's values every hundredth, but those at the end; and the last ones.
const CONFLICTS = REHEARSED / 100 - 1;
const REFUSALS = 5;
const LINES = 50;
// Two ends of a portion are 200 rows, and a row is counted at each of a plan's steps that hands it on.
const MOST_ROWS = 6_000;

let here: TestDatabase;
let workspaceId: string;
let admin: pg.Client;
let runs: { landed: string; rehearsed: string };

before(async () => {
  here = await createTestDatabase();
  admin = new pg.Client({ connectionString: here.url });
  await admin.connect();
  // No statistics come in between.
  await admin.query('alter table writes set (autovacuum_enabled = false)');
  workspaceId = await ensureWorkspace(here.db);
  await here.db.inWorkspace(workspaceId, async (tx) => {
    const connection = await ensureConnection(tx, workspaceId, 'salesforce', 'default');
    const company = await ensureCompany(tx, workspaceId, { domain: 'a.example' });
    const run = { kind: 'manual', model: 'm' } as const;
    runs = {
      landed: (await createRun(tx, workspaceId, run)).id,
      rehearsed: (await createRun(tx, workspaceId, { ...run, dryRun: true })).id,
    };
    for (const [runId, rows, state, verdict] of [
      [runs.landed, LANDED, 'applied', null],
      [runs.rehearsed, REHEARSED, 'rehearsed', 'would-apply'],
    ])
      await tx.query(
        `insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, new_value, state, verdict)
         select $1, $2, $3, 'Account', n, $4, 'score', '1', $6,
           case when $7::text is null then null when n > $5::integer - ${REFUSALS} then 'would-reject' when n % 100 = 0 then 'would-conflict' else $7 end
         from generate_series(1, $5::integer) n`,
        [workspaceId, runId, connection.id, company.id, rows, state, verdict],
      );
    await endRehearsal(tx, runs.rehearsed, {
      calls: { read: 1, write: 1, readBack: 1, mostRead: 1, mostReadBack: 1, writeEachFiveMinutes: 0, readEachFiveMinutes: 0 }, // prettier-ignore
      unread: [],
    });
  });
});
after(async () => {
  await admin.end();
  await here.close();
});

/** All that is found page by page, and the most rows that one page goes through. */
async function readAll(verdict: Verdict | undefined): Promise<{ ids: number[]; most: number }> {
  const ids: number[] = [];
  let most = 0;
  for (;;) {
    const page = { verdict, afterId: ids.at(-1) ?? 0, limit: LINES };
    const { answer, rows } = await measureRows(here.db, workspaceId, (tx) =>
      listRehearsedLines(tx, runs.rehearsed, page),
    );
    most = Math.max(most, rows);
    ids.push(...answer.map(({ id }) => id));
    if (answer.length < LINES || verdict === 'would-apply' || verdict === undefined) return { ids, most };
  }
}

async function assertShort(): Promise<void> {
  const found = { 'would-apply': LINES, 'would-conflict': CONFLICTS, 'would-reject': REFUSALS, unchanged: 0 };
  for (const verdict of [undefined, ...VERDICTS]) {
    const { ids, most } = await readAll(verdict);
    assert.equal(ids.length, verdict === undefined ? LINES : found[verdict]);
    assert.deepEqual(
      ids,
      [...new Set(ids)].toSorted((one, other) => one - other),
    );
    assert.ok(most < MOST_ROWS, `${most} rows for a page of ${verdict ?? 'any verdict'}`);
  }
  const { rows } = await measureRows(here.db, workspaceId, (tx) => listFailedWrites(tx));
  assert.ok(rows < 100, `${rows} rows for a list of refusals without any`);
}

test('of a long rehearsal and a long ledger hardly more is read than is listed, whatever is known of the tables', async () => {
  await assertShort();
  await admin.query('vacuum analyze');
  await assertShort();
});

test('a rehearsal that was read before portions were noted is listed as well', async () => {
  const list = (verdict: Verdict) =>
    here.db.inWorkspace(workspaceId, (tx) =>
      listRehearsedLines(tx, runs.rehearsed, { verdict, afterId: 0, limit: LINES }),
    );
  const noted = [await list('would-conflict'), await list('would-reject'), await list('unchanged')];
  await admin.query('delete from rehearsal_portions');
  assert.deepEqual(
    [await list('would-conflict'), await list('would-reject'), await list('unchanged')],
    noted,
  );
});

test('refusals are listed page by page, however many of them were overcome since', async () => {
  await here.db.inWorkspace(workspaceId, (tx) =>
    tx.query(
      `update writes set state = case when external_id::integer % 2 = 0 then 'rejected' else 'conflicted' end
       where run_id = $1 and external_id::integer <= 40`,
      [runs.landed],
    ),
  );
  // The same fields landed later, but for ten.
  await here.db.inWorkspace(workspaceId, (tx) =>
    tx.query(
      `insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, new_value, state)
       select workspace_id, run_id, connection_id, object, external_id, company_id, field, '2', 'applied' from writes
       where run_id = $1 and external_id::integer <= 30`,
      [runs.landed],
    ),
  );
  const found: string[] = [];
  for (let from: number | null = 0; from !== null;) {
    const afterId: number = from;
    const { answer, rows } = await measureRows(here.db, workspaceId, (tx) =>
      listFailedWrites(tx, { afterId, limit: 15 }),
    );
    assert.ok(rows < 1_000, `${rows} rows for a page of 15`);
    found.push(...answer.failed.map(({ externalId }) => externalId));
    from = answer.nextAfterId;
  }
  assert.deepEqual(
    found,
    Array.from({ length: 10 }, (_, index) => String(index + 31)),
  );
});
