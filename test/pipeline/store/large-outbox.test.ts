import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Tx } from '../../../src/db.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { listDueRecords } from '../../../src/pipeline/store/writes-due.ts';
import { MOST_COUNTED, readOutbox } from '../../../src/pipeline/store/writes-open.ts';
import { cancelPlanned, claimPlanned, claimUnresolved } from '../../../src/pipeline/store/writes-outbox.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { measureRows } from '../../harness/measure-rows.ts';

// Of a running run and of a paused one each half, four fields to a record.
const ROWS = Number(process.env.LARGE_OUTBOX_ROWS ?? 200_000);
const FIELDS_EACH = 4;
const CLAIMED = 50;
// Rows that a look for the next record goes through.
const LEAST_WALKED = 200;

let here: TestDatabase;
let workspaceId: string;
let connectionId: string;
let asked: string;

before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  await here.db.inWorkspace(workspaceId, async (tx) => {
    connectionId = (await ensureConnection(tx, workspaceId, 'hubspot', 'default')).id;
    await ensureCompany(tx, workspaceId, { domain: 'acme.example' });
    const fill = async (
      kind: 'scheduled' | 'interactive',
      state: string,
      records: number,
    ): Promise<string> => {
      const run = await createRun(tx, workspaceId, { kind, model: 'm' });
      await tx.query('update runs set state = $2 where id = $1', [run.id, state]);
      await tx.query(
        `insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, new_value)
         select $1, $2::uuid, $3, 'company', $2::uuid::text || n, c.id, field, '1'
         from companies c, generate_series(1, $4::integer) n, unnest($5::text[]) field order by n`,
        [workspaceId, run.id, connectionId, records, ['score', 'band', 'why', 'pitch'].slice(0, FIELDS_EACH)],
      );
      return run.id;
    };
    // The paused one's rows are the oldest.
    for (const state of ['paused', 'running']) await fill('scheduled', state, ROWS / 2 / FIELDS_EACH);
    asked = await fill('interactive', 'done', 1);
  });
});
after(() => here.close());

const measure = <T>(act: (tx: Tx) => Promise<T>, options: { updatesToo?: boolean } = {}) =>
  measureRows(here.db, workspaceId, act, options);

const due = (tx: Tx, limit: number, askedOnly = false) =>
  listDueRecords(tx, connectionId, { limit, askedOnly, readBackFirst: true });

// Each step of a plan that a field passes counts: walked, looked up by its record, joined with its run, grouped, claimed (48 measured).
const MOST_LOOKS = 100;

test('claiming costs what is claimed, whatever waits behind it or in a paused run', async () => {
  const first = await measure(async (tx) => {
    const { records } = await due(tx, CLAIMED);
    return claimPlanned(tx, connectionId, records, 60_000);
  });
  assert.equal(first.answer.length, CLAIMED * FIELDS_EACH);
  assert.ok(first.rows < CLAIMED * FIELDS_EACH * MOST_LOOKS, `${first.rows} rows`);

  // What others hold is stepped over; it is a claim or two.
  const second = await measure(async (tx) =>
    claimPlanned(tx, connectionId, (await due(tx, CLAIMED)).records, 60_000),
  );
  const ids = new Set(first.answer.map((write) => write.id));
  assert.ok(second.answer.every((write) => !ids.has(write.id)));
  assert.ok(second.rows < 2 * CLAIMED * FIELDS_EACH * MOST_LOOKS, `${second.rows} rows`);
});

test('nearly every claim is written beside its row, so that no index hears of it', async () => {
  const claimed = await here.db.inWorkspace(workspaceId, async (tx) => {
    // What the same connection changed before may be counted, too.
    const count = async () => {
      const { rows } = await tx.query<{ all: number; beside: number }>(
        `select n_tup_upd as all, n_tup_hot_upd as beside from pg_stat_xact_user_tables where relname = 'writes'`,
      );
      return rows[0] ?? { all: 0, beside: 0 };
    };
    const before = await count();
    await claimPlanned(tx, connectionId, (await due(tx, CLAIMED)).records, 60_000);
    const behind = await count();
    return { all: behind.all - before.all, beside: behind.beside - before.beside };
  });
  assert.equal(claimed.all, CLAIMED * FIELDS_EACH);
  assert.ok(claimed.beside > 0.8 * claimed.all, `${claimed.beside} of ${claimed.all}`);
});

test('where no run was cancelled, nothing of what waits is read to see that', async () => {
  const { answer, rows } = await measure((tx) => cancelPlanned(tx, connectionId, 10_000), {
    updatesToo: true,
  });
  assert.equal(answer, 0);
  assert.ok(rows < 100, `${rows} rows`);
});

test('what a person asked for is found among all that waits without reading it', async () => {
  const { answer, rows } = await measure((tx) => due(tx, 2_000, true));
  assert.deepEqual(
    answer.records.map(({ externalId }) => externalId),
    [`${asked}1`],
  );
  assert.ok(rows < 1_000, `${rows} rows`);
});

test('how much is open, and what was left on its way, is told without reading all that waits', async () => {
  const open = await measure((tx) => readOutbox(tx, connectionId, true));
  assert.deepEqual([open.answer.waiting, open.answer.dueInMs], [MOST_COUNTED, 0]);
  assert.ok(open.rows < 5 * MOST_COUNTED + LEAST_WALKED * MOST_LOOKS, `${open.rows} rows`);
  const left = await measure((tx) => claimUnresolved(tx, connectionId, 2_000, 60_000));
  assert.equal(left.answer.length, 0);
  assert.ok(left.rows < 100, `${left.rows} rows`);
});
