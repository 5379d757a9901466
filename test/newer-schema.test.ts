import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import pg from 'pg';
import { buildApp } from '../src/app.ts';
import type { App } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { createPlainLog } from '../src/log.ts';
import { findNewer } from '../src/migrate-newer.ts';
import { ensureCompany } from '../src/pipeline/store/companies.ts';
import { until } from './e2e/faults/observe.ts';
import { runToEnd, startSystem } from './harness/system.ts';
import type { System } from './harness/system.ts';

let system: System;
let admin: pg.Client;
const apps: App[] = [];
before(async () => {
  system = await startSystem({ limit: 1 });
  admin = new pg.Client({ connectionString: system.database.url });
  await admin.connect();
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await admin.query(`delete from schema_migrations where name > '9'`);
});
after(async () => {
  await admin.end();
  await system.close();
});

/** As a version would that has a migration more. */
const migrateFurther = (name: string): Promise<unknown> =>
  admin.query('insert into schema_migrations (name, checksum) values ($1, $1)', [name]);

/** A worker, with what it says and the companies that it took up. */
async function startWorker(): Promise<{ app: App; said: string[]; took: Set<string> }> {
  const said: string[] = [];
  const app = await buildApp(
    readConfig(system.environment),
    createPlainLog('warn', (line) => said.push(line)),
    { worker: true },
  );
  apps.push(app);
  const took = new Set<string>();
  await app.startWorker({
    schedule: true,
    schemaEveryMs: 20,
    onStage: ({ companyId }) => took.add(companyId),
  });
  return { app, said, took };
}

const makeCompany = (app: App, domain: string): Promise<string> =>
  app.db.inWorkspace(
    app.workspaceId,
    async (tx) => (await ensureCompany(tx, app.workspaceId, { domain })).id,
  );

test('a worker takes up no more work once a newer version has changed the schema; one of that version does', async () => {
  const older = await startWorker();
  await migrateFurther('9998_later.sql');
  await until('the older worker says so', async () => older.said.some((line) => line.includes('newer')));
  // To the newer version the migration is its own; this one says of it what it found when it began.
  const newer = await startWorker();
  const companyIds = [
    await makeCompany(older.app, 'first.example'),
    await makeCompany(older.app, 'other.example'),
  ];

  const { done, failed } = await runToEnd(older.app, { companyIds });

  assert.deepEqual([done, failed], [2, 0]);
  assert.deepEqual([older.took.size, newer.took.size], [0, 2]);
  assert.equal(older.said.length, 1);
  assert.match(
    older.said[0] ?? '',
    /^error: A newer version .* \(9998_later\.sql\).* takes up no more work .* start those, and stop this one\.$/,
  );
});

test('a version that is started on the schema of a newer one says so, and works', async () => {
  await migrateFurther('9998_later.sql');
  await migrateFurther('9999_last.sql');
  const { app, said, took } = await startWorker();

  const { done } = await runToEnd(app, { companyIds: [await makeCompany(app, 'back.example')] });

  assert.deepEqual([done, took.size], [1, 1]);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^warn: A newer version .* \(9998_later\.sql and 1 more\)/);
});

test('a migration that was taken out again is no newer version’s', async () => {
  const { app } = await startWorker();
  await migrateFurther('0128_ledger_by_state.sql');

  assert.deepEqual(await findNewer(app.db), []);
  await admin.query(`delete from schema_migrations where name = '0128_ledger_by_state.sql'`);
});
