import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { ensureCompany } from '../../src/pipeline/store/companies.ts';
import { ensureConnection, findNamedConnection, saveSettings } from '../../src/pipeline/store/connections.ts';
import { createRun } from '../../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { insertWrites } from '../../src/pipeline/store/writes-insert.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { runHere } from './run-here.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.close());

test('where nothing was refused, nobody is left to wonder whether the command worked', async () => {
  await ensureWorkspace(database.db);
  for (const [what, note] of [
    ['--failed', /^Nothing is refused now/],
    ['--skipped', /^Every record leads to a company/],
    ['--unreadable', /could be read\./],
  ] as const) {
    const { code, out, err } = await runHere(['export', what], { DATABASE_URL: database.url });
    assert.deepEqual([code, out], [0, '']);
    assert.match(err, note);
  }
});

test('what the CRMs refused is exported with the org, the record, the company and when: of two orgs each row names its own', async () => {
  const { db } = database;
  const workspaceId = await ensureWorkspace(db);
  const run = await db.inWorkspace(workspaceId, async (tx) => {
    const { id } = await createRun(tx, workspaceId, { kind: 'manual', model: 'm' });
    const company = await ensureCompany(tx, workspaceId, { domain: 'acme.example' });
    for (const name of ['default', 'emea']) {
      const connection = await ensureConnection(tx, workspaceId, 'salesforce', name);
      const record = { connectionId: connection.id, object: 'Account', externalId: `001${name}` } as const;
      await insertWrites(tx, id, [
        { ...record, companyId: company.id, field: 'band', value: 'E', rejected: 'E is no band' },
      ]);
    }
    return id;
  });

  const { code, out } = await runHere(['export', '--failed'], { DATABASE_URL: database.url });

  assert.equal(code, 0);
  const rows = z.array(z.record(z.string(), z.string())).parse(parse(out, { columns: true }));
  assert.deepEqual(
    rows.map(({ at, ...row }) => ({ ...row, at: Number.isNaN(Date.parse(at ?? '')) })),
    ['default', 'emea'].map((connection) => ({
      crm: 'salesforce',
      connection,
      object: 'Account',
      record: `001${connection}`,
      domain: 'acme.example',
      field: 'band',
      state: 'rejected',
      reason: 'E is no band',
      in_crm: '',
      in_crm_by: '',
      wanted: 'E',
      run,
      at: false,
    })),
  );
});

test('a field that is written no more by its policy is not waited for any more', async () => {
  const { db } = database;
  const workspaceId = await ensureWorkspace(db);
  await db.inWorkspace(workspaceId, async (tx) => {
    const emea = await findNamedConnection(tx, 'salesforce', 'emea');
    assert.ok(emea !== null);
    await saveSettings(tx, emea.id, { write: { Account: { band: 'never' } } }, emea.settingsVersion);
  });

  const { out } = await runHere(['export', '--failed', '--format', 'json'], { DATABASE_URL: database.url });

  const rows = out
    .trim()
    .split('\n')
    .map((line) => z.looseObject({ connection: z.string() }).parse(JSON.parse(line)));
  assert.deepEqual(
    rows.map(({ connection }) => connection),
    ['default'],
  );
});
