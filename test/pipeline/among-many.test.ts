import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { App } from '../../src/app.ts';
import { until } from '../e2e/faults/observe.ts';
import { connectAndSync, runToEnd, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

// Other companies, each with a record, an item in another run, and a value that was written; some values of theirs wait.
const OTHERS = 4_000;
const WAITING = 100;
const COMPANIES = 3;

let system: System;
let admin: pg.Client;
let standing: number[];
before(async () => {
  system = await startSystem({ limit: COMPANIES });
  admin = new pg.Client({ connectionString: system.database.url });
  await admin.connect();
  standing = (await listBackends()).map(({ pid }) => pid);
});
after(async () => {
  await admin.end();
  await system.close();
});

async function listBackends(): Promise<{ pid: number }[]> {
  const { rows } = await admin.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'`,
  );
  return rows;
}

/** How many rows all tables' scans read since the last call. What an app read is known once its connections are closed. */
async function countReads(): Promise<number> {
  await admin.query('select pg_stat_force_next_flush()');
  await until("the apps' connections are closed", async () =>
    (await listBackends()).every(({ pid }) => standing.includes(pid)),
  );
  const { rows } = await admin.query<{ reads: string }>(
    'select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as reads from pg_stat_user_tables',
  );
  await admin.query('select pg_stat_reset()');
  return Number(rows[0]?.reads);
}

async function addOthers({ workspaceId, connections }: App): Promise<void> {
  const given = `with given as (select '${workspaceId}'::uuid as ws, '${connections[0]?.id}'::uuid as connection),
    other as (select c.*, row_number() over () as place from companies c where name = 'Other'),
    run as (select * from runs where state = 'paused')`;
  await admin.query(`insert into companies (workspace_id, domain, name, website, due_at)
    select '${workspaceId}', n || '.example', 'Other', 'x', null from generate_series(1, ${OTHERS}) n`);
  await admin.query(
    `insert into runs (workspace_id, kind, state, model) values ('${workspaceId}', 'manual', 'paused', 'm')`,
  );
  await admin.query(
    `${given} insert into run_items (workspace_id, run_id, company_id) select ws, run.id, other.id from given, run, other`,
  );
  await admin.query(`${given} insert into records (workspace_id, connection_id, object, external_id, company_id, domain, modified_at, row_hash)
    select ws, connection, 'Lead', domain, id, domain, now(), 'x' from given, other`);
  await admin.query(`${given}, field (name, state) as (values ('score', 'applied'), ('band', 'planned'))
    insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, state, new_value, returned_value)
    select ws, run.id, connection, 'Lead', domain, other.id, field.name, field.state, '1', '1' from given, run, other, field
    where field.state = 'applied' or place <= ${WAITING}`);
}

test('of a company nothing more is read from the database among thousands of others', async () => {
  const first = await system.openApp({ worker: false });
  await connectAndSync(first);
  const companyIds = (await admin.query<{ id: string }>('select id from companies')).rows.map(({ id }) => id);
  const refresh = async (): Promise<number> => {
    await countReads();
    const app = await system.openApp({ worker: true });
    await app.startWorker({ schedule: false });
    await runToEnd(app, { companyIds, refresh: true });
    await app.stop();
    return countReads();
  };
  await addOthers(first);
  await first.stop();
  // Everything is written at first, and looked at again then.
  for (const what of ['written', 'read again']) {
    const reads = await refresh();
    assert.ok(reads < OTHERS, `${reads} rows were read of companies that were ${what}`);
  }
});
