import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { UserError } from '../src/errors.ts';
import { migrate } from '../src/migrate.ts';
import { until } from './e2e/faults/observe.ts';
import { createTestDatabase } from './harness/database.ts';
import type { TestDatabase } from './harness/database.ts';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
const BUILD = 'create index concurrently things_name on things (name);';
// The lock of src/migrate.ts, as the versions before waited for it.
const LOCK = 7_305_301;

let here: TestDatabase;
let folder: string;
let admin: pg.Client;
let other: pg.Client;
before(async () => {
  here = await createTestDatabase({ migrated: false });
  admin = new pg.Client({ connectionString: here.url });
  await admin.connect();
});
after(async () => {
  await admin.end();
  await here.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
  await admin.query('drop table if exists schema_migrations, things');
  await admin.query('create table things (name text)');
  await admin.query(`insert into things select 'thing ' || n from generate_series(1, 1000) n`);
  other = new pg.Client({ connectionString: here.url });
  await other.connect();
});
afterEach(async () => {
  await other.end();
  await rm(folder, { recursive: true });
});

const put = (name: string, sql: string): Promise<void> => writeFile(join(folder, name), sql);

const start = (): Promise<string[]> =>
  migrate(here.url, { folder, lock: { timeoutMs: 100, tries: 100, pauseMs: 50 } });

/** The process that waits in a statement which begins like that. */
async function waitingIn(statement: string): Promise<number> {
  let pid = 0;
  await until(`somebody waits in "${statement}"`, async () => {
    const { rows } = await admin.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query ilike $1 || '%'`,
      [statement],
    );
    pid = rows[0]?.pid ?? 0;
    return rows.length > 0;
  });
  return pid;
}

const indexes = async (): Promise<{ name: string; valid: boolean }[]> =>
  (
    await admin.query<{ name: string; valid: boolean }>(
      `select indexrelid::regclass::text as name, indisvalid as valid from pg_index where indrelid = 'things'::regclass order by 1`,
    )
  ).rows;

test('while a migration builds an index, rows are written', async () => {
  await put('0001_index.sql', BUILD);
  await other.query('begin');
  await other.query(`insert into things values ('before')`);
  const migrated = start();
  await waitingIn('create index');

  await admin.query(`set lock_timeout = 1000`);
  await admin.query(`insert into things values ('meanwhile')`);

  await other.query('commit');
  assert.deepEqual(await migrated, ['0001_index.sql']);
  assert.deepEqual(await indexes(), [{ name: 'things_name', valid: true }]);
  assert.deepEqual(await start(), []);
});

test('killed while it builds an index or drops one, a migration is gone on with by whoever starts next', async () => {
  await admin.query('create index things_twice on things (name)');
  await put('0001_index.sql', `${BUILD}\ndrop index concurrently if exists things_twice;`);
  for (const statement of ['create index', 'drop index']) {
    await other.query('begin');
    await other.query(`insert into things values ('before')`);
    const migrated = assert.rejects(start());
    if (statement === 'drop index') await waitingIn('drop index concurrently if exists things_name');
    const pid = await waitingIn(statement);
    await admin.query('select pg_terminate_backend($1)', [pid]);
    await migrated;
    await other.query('commit');
    if (statement === 'create index')
      assert.deepEqual(await indexes(), [
        { name: 'things_name', valid: false },
        { name: 'things_twice', valid: true },
      ]);
  }
  assert.deepEqual(await start(), ['0001_index.sql']);
  assert.deepEqual(await indexes(), [{ name: 'things_name', valid: true }]);
});

test('an index that was built to its end by a process which died then is not built again', async () => {
  await put('0001_index.sql', BUILD);
  await admin.query('create index things_name on things (name)');
  const oid = async (): Promise<unknown> =>
    (await admin.query<{ oid: number }>(`select 'things_name'::regclass::oid as oid`)).rows[0]?.oid;
  const built = await oid();
  assert.deepEqual(await start(), ['0001_index.sql']);
  assert.equal(await oid(), built);
});

test('two machines of this version and one of the last build an index together once', async () => {
  await put('0001_index.sql', BUILD);
  await other.query('begin');
  await other.query(`insert into things values ('before')`);
  const [first, second] = [start(), start()];
  await waitingIn('create index');
  const last = new pg.Client({ connectionString: here.url });
  await last.connect();
  // One of the two that wait for each other is refused; a process that is comes up again.
  const passed = until('the version before got its turn', async () => {
    try {
      await last.query('select pg_advisory_lock($1)', [LOCK]);
      return true;
    } catch {
      return false;
    }
  });
  await waitingIn('select pg_advisory_lock');
  await other.query('commit');
  await passed;
  await last.end();
  const ran = await Promise.all([first, second]);
  assert.deepEqual(ran.flat(), ['0001_index.sql']);
  assert.deepEqual(await indexes(), [{ name: 'things_name', valid: true }]);
});

test('a migration that needs a table for itself lets others pass until it gets it', async () => {
  await put('0001_column.sql', 'alter table things add column size integer;');
  await other.query('begin');
  await other.query('select from things limit 1');
  const told: string[] = [];
  const migrated = migrate(here.url, {
    folder,
    lock: { timeoutMs: 100, tries: 100, pauseMs: 50 },
    onProgress: (what) => told.push(what),
  });
  await until('it gave up twice', async () => told.length >= 2);
  await admin.query('set lock_timeout = 10000');
  await admin.query('select from things limit 1');
  await other.query('commit');
  assert.deepEqual(await migrated, ['0001_column.sql']);
  assert.match(told[0] ?? '', /0001_column\.sql failed and was rolled back.*lock timeout; trying again/);
});

test('a table that is never free ends a migration with what to do', async () => {
  await put('0001_column.sql', 'alter table things add column size integer;');
  await other.query('begin');
  await other.query('select from things limit 1');
  await assert.rejects(
    migrate(here.url, { folder, lock: { timeoutMs: 50, tries: 2, pauseMs: 10 } }),
    (error) => error instanceof UserError && /pg_stat_activity/.test(error.fix ?? ''),
  );
  await other.query('rollback');
});

test('beside indexes that are built while others write nothing may stand in a migration', async () => {
  for (const more of [
    'alter table things add column size integer;',
    'drop index concurrently things_name;',
    'create index concurrently if not exists a on things (name);',
  ]) {
    await put('0001_mixed.sql', `${BUILD}\n${more}`);
    await assert.rejects(start(), /nothing but/);
    assert.deepEqual(await indexes(), []);
  }
});

// Written before there was another way; they ran where they ran.
const BLOCKING = /^00(03|04|31|50|63|64|72|74|81|83|86|90)_|^01(00|15|16|17|27)_/;

test('no migration builds an index on a table of an earlier one while nobody can write to it', async () => {
  for (const name of await readdir(MIGRATIONS)) {
    if (BLOCKING.test(name)) continue;
    const sql = (await readFile(join(MIGRATIONS, name), 'utf8')).replaceAll(/--.*$/gm, '');
    const made = new Set([...sql.matchAll(/create table (\w+)/gi)].map(([, table]) => table));
    for (const [, table] of sql.matchAll(/create (?:unique )?index (?!concurrently)\w+ on (\w+)/gi))
      assert.ok(
        made.has(table),
        `${name} builds an index on ${table}: "create index concurrently", in a migration of its own`,
      );
  }
});
