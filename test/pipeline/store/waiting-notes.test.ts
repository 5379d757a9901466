import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Tx } from '../../../src/db.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { claimNotes } from '../../../src/pipeline/store/writes-notes.ts';
import { MOST_COUNTED, readOutbox } from '../../../src/pipeline/store/writes-open.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { measureRows } from '../../harness/measure-rows.ts';

// Records whose band waits, each with a note behind it.
const NOTES = 20_000;
const BATCH = 50;
// Steps of a plan that a note passes: walked, looked up by its record, joined, locked, claimed, read again.
const MOST_LOOKS = 100;
// Rows that a look for the next record goes through.
const LEAST_WALKED = 200;

let here: TestDatabase;
let workspaceId: string;
let connectionId: string;

before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  await within(async (tx) => {
    connectionId = (await ensureConnection(tx, workspaceId, 'hubspot', 'default')).id;
    await ensureCompany(tx, workspaceId, { domain: 'acme.example' });
    const run = await createRun(tx, workspaceId, { kind: 'scheduled', model: 'm' });
    await tx.query(
      `insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, new_value)
       select $1, $2::uuid, $3, 'company', n, c.id, field, '"A"'
       from companies c, generate_series(1, $4::integer) n, unnest(array['band', 'note']) field order by n, field`,
      [workspaceId, run.id, connectionId, NOTES],
    );
  });
});
after(() => here.close());

const within = <T>(act: (tx: Tx) => Promise<T>): Promise<T> => here.db.inWorkspace(workspaceId, act);
const claim = (tx: Tx) =>
  claimNotes(tx, connectionId, { limit: BATCH, least: 1, askedOnly: false, leaseMs: 60_000 });
const claimAll = async (): Promise<string[]> => {
  for (;;) {
    const { notes, more } = await within(claim);
    if (notes.length > 0 || !more) return notes.map((note) => note.externalId);
  }
};
const settleBands = (records: readonly string[], state: string): Promise<unknown> =>
  within((tx) =>
    tx.query(
      `update writes set state = $2, settled_at = now(), returned_value = new_value where field = 'band' and external_id = any($1)`,
      [records, state],
    ),
  );
const settleNotes = (records: readonly string[]): Promise<unknown> =>
  within((tx) => tx.query(`update writes set state = 'applied' where field = 'note' and external_id = any($1)`, [records])); // prettier-ignore

test('a claim, and how much is open, cost the same however many notes wait for their band', async () => {
  assert.deepEqual(await claimAll(), [], 'nothing may be told before its band is there');
  const idle = await measureRows(here.db, workspaceId, claim);
  assert.deepEqual(idle.answer.notes, []);
  assert.ok(idle.rows < MOST_LOOKS, `${idle.rows} rows for a claim that finds none`);

  await settleBands(['7', '19000'], 'applied');
  const some = await measureRows(here.db, workspaceId, claim);
  assert.deepEqual(some.answer.notes.map((note) => note.externalId), ['7', '19000']); // prettier-ignore
  assert.ok(some.rows < 2 * MOST_LOOKS, `${some.rows} rows for two`);

  const open = await measureRows(here.db, workspaceId, (tx) => readOutbox(tx, connectionId, true));
  assert.equal(open.answer.dueInMs, 0, 'bands wait');
  assert.ok(
    open.rows < 5 * MOST_COUNTED + LEAST_WALKED * MOST_LOOKS,
    `${open.rows} rows for how much is open`,
  );
  await settleNotes(['7', '19000']);
});

test('a note goes on in whatever way its band ends, and waits again for another one', async () => {
  await settleBands(['201'], 'cancelled');
  await settleBands(['202'], 'rejected');
  await settleBands(['203'], 'conflicted');
  await settleBands(['204'], 'skipped');
  // Of the last one another band was planned meanwhile.
  await within((tx) =>
    tx.query(
      `insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, new_value)
       select workspace_id, run_id, connection_id, object, external_id, company_id, field, '"B"' from writes
       where field = 'band' and external_id = '204'`,
    ),
  );
  assert.deepEqual(await claimAll(), ['201', '202', '203']);
  await settleBands(['204'], 'applied');
  assert.deepEqual(await claimAll(), ['204']);
});

test('the notes of a paused run are stepped over whatever their number', async () => {
  await settleBands(Array.from({ length: 5_000 }, (_, n) => String(n + 1_000)), 'applied'); // prettier-ignore
  await within((tx) => tx.query(`update runs set state = 'paused'`));
  assert.deepEqual(await claimAll(), []);
  // What autovacuum does by itself, a minute or so behind: rows that are gone from an index would count until then.
  const admin = new pg.Client({ connectionString: here.url });
  await admin.connect();
  await admin.query('vacuum analyze writes');
  await admin.end();
  const paused = await measureRows(here.db, workspaceId, claim);
  assert.ok(paused.rows < MOST_LOOKS, `${paused.rows} rows`);
  await within((tx) => tx.query(`update runs set state = 'running'`));
  assert.equal((await claimAll()).length, BATCH);
});
