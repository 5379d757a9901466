import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { openDatabase } from '../src/db.ts';
import { migrate } from '../src/migrate.ts';
import { createTestDatabase } from './harness/database.ts';
import type { TestDatabase } from './harness/database.ts';

let here: TestDatabase;
let ours: string;
let theirs: string;

const createWorkspace = (name: string): Promise<string> =>
  here.db.inDirectory(async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      'insert into workspaces (name) values ($1) returning id',
      [name],
    );
    assert.ok(rows[0]);
    return rows[0].id;
  });

before(async () => {
  here = await createTestDatabase();
  ours = await createWorkspace('ours');
  theirs = await createWorkspace('theirs');
  for (const workspace of [ours, theirs])
    await here.db.inWorkspace(workspace, (tx) =>
      tx.query(
        `insert into companies (workspace_id, domain, name, website) values ($1, 'acme.example', 'Acme', 'https://acme.example')`,
        [workspace],
      ),
    );
});
after(() => here.close());

const countCompanies = async (workspace: string): Promise<number> =>
  here.db.inWorkspace(workspace, async (tx) => (await tx.query('select from companies')).rowCount ?? -1);

test('a workspace sees its own companies and no others', async () => {
  assert.equal(await countCompanies(ours), 1);
});

test('raw SQL as the app role, without a workspace, sees no rows', async () => {
  const rows = await here.db.inDirectory(async (tx) => (await tx.query('select from companies')).rowCount);

  assert.equal(rows, 0);
});

test('a workspace can neither write into another nor touch its rows', async () => {
  await assert.rejects(
    here.db.inWorkspace(ours, (tx) =>
      tx.query(
        `insert into companies (workspace_id, domain, name, website) values ($1, 'x.example', 'X', 'x')`,
        [theirs],
      ),
    ),
    /row-level security/,
  );
  const touched = await here.db.inWorkspace(ours, (tx) =>
    tx.query(`update companies set name = 'stolen' where workspace_id = $1`, [theirs]),
  );

  assert.equal(touched.rowCount, 0);
});

// Asked before the workspace is known: which one a Slack team belongs to.
const DIRECTORY = ['slack_teams'];

test('every table with a workspace_id is isolated, forced and restrictive, but for the named directory', async () => {
  const client = new pg.Client({ connectionString: here.url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id'
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
       and not (c.relrowsecurity and c.relforcerowsecurity and exists (
         select from pg_policy p where p.polrelid = c.oid and not p.polpermissive))
     order by 1`,
  );
  await client.end();

  assert.deepEqual(
    rows.map(({ name }) => name),
    DIRECTORY,
  );
});

test('two thousand transactions of two workspaces side by side never mix', async () => {
  const seen = await Promise.all(
    Array.from({ length: 2000 }, (_, index) => {
      const workspace = index % 2 === 0 ? ours : theirs;
      return here.db.inWorkspace(workspace, async (tx) => {
        const { rows } = await tx.query<{ workspace_id: string }>('select workspace_id from companies');
        return rows.every((row) => row.workspace_id === workspace) && rows.length === 1;
      });
    }),
  );

  assert.equal(seen.filter((own) => !own).length, 0);
});

test('a failed transaction leaves nothing of its workspace on the connection', async () => {
  await assert.rejects(here.db.inWorkspace(ours, (tx) => tx.query('select 1/0')));

  const rows = await here.db.inDirectory(async (tx) => (await tx.query('select from companies')).rowCount);
  assert.equal(rows, 0);
});

test('migrations run once when five processes start together', async () => {
  const empty = await createTestDatabase({ migrated: false });

  const ran = await Promise.all(Array.from({ length: 5 }, () => migrate(empty.url)));

  assert.equal(ran.filter((names) => names.length > 0).length, 1);
  await empty.close();
});

test('start is refused with a role that bypasses row-level security', async () => {
  const empty = await createTestDatabase({ migrated: false });
  const admin = new pg.Client({ connectionString: empty.url });
  await admin.connect();
  await admin.query(
    `do $$ begin create role bypassing login password 'x' bypassrls; exception when duplicate_object then null; end $$`,
  );
  await admin.end();
  const url = new URL(empty.url);
  url.username = 'bypassing';
  url.password = 'x';

  await assert.rejects(openDatabase(url.toString()), /bypasses row-level security/);
  await empty.close();
});

test('a dead database is one clear line', async () => {
  await assert.rejects(openDatabase('postgres://nobody@127.0.0.1:1/none'), /The database does not answer/);
});
