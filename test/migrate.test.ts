import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { migrate } from '../src/migrate.ts';
import { createTestDatabase } from './harness/database.ts';
import type { TestDatabase } from './harness/database.ts';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
const OWNER = `owner_${randomBytes(4).toString('hex')}`;

let database: TestDatabase;
let folder: string;
let superuser: pg.Client;
let ownerUrl: string;
before(async () => {
  database = await createTestDatabase({ migrated: false });
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
  superuser = new pg.Client({ connectionString: database.url });
  await superuser.connect();
  // As on a host that gives one no superuser: the tables' own policies bind who migrates.
  const url = new URL(database.url);
  await superuser.query(`create role ${OWNER} login password 'x' nosuperuser nobypassrls`);
  await superuser.query(`alter database ${url.pathname.slice(1)} owner to ${OWNER}`);
  await superuser.query(`alter schema public owner to ${OWNER}`);
  url.username = OWNER;
  url.password = 'x';
  ownerUrl = url.href;
});
after(async () => {
  await superuser.query(`alter database ${new URL(database.url).pathname.slice(1)} owner to current_user`);
  await superuser.query(`reassign owned by ${OWNER} to current_user`);
  await superuser.query(`drop owned by ${OWNER}`);
  await superuser.query(`drop role ${OWNER}`);
  await superuser.end();
  await database.close();
  await rm(folder, { recursive: true });
});

/** Brings the schema to where it was before that migration. */
const migrateUntil = async (name: string): Promise<void> => {
  for (const file of await readdir(MIGRATIONS))
    if (file < name) await copyFile(join(MIGRATIONS, file), join(folder, file));
  await migrate(ownerUrl, { folder });
};

test('pitches that were written before there were versions are numbered by age, in every workspace, and the newest is shown', async () => {
  await migrateUntil('0090');
  const { rows: workspaces } = await superuser.query<{ id: string }>(
    `insert into workspaces (name) values ('ours'), ('theirs') returning id`,
  );
  for (const { id } of workspaces) {
    await superuser.query(
      `with made as (
         insert into companies (workspace_id, domain, name, website)
         select $1, d, d, 'https://' || d from unnest(array['acme.example', 'other.example']) as d returning id, domain)
       insert into pitches (workspace_id, company_id, template, fingerprint, key_points, call_to_action, text, citations, method, current, written_at)
       select $1, made.id, p.template, p.fingerprint, '[]', 'Call', 'Text', '[]', 'phrases', p.fingerprint = 'third', now() - p.age * interval '1 day'
       from made join (values ('acme.example', 'standard', 'second', 2), ('acme.example', 'standard', 'third', 1), ('acme.example', 'standard', 'first', 3),
         ('acme.example', 'concise', 'alone', 9), ('other.example', 'standard', 'alone', 1)) as p (domain, template, fingerprint, age) using (domain)`,
      [id],
    );
  }

  const ran = await migrate(ownerUrl);
  assert.equal(ran[0], '0090_pitches_on_request.sql');
  const { rows } = await superuser.query<Record<string, unknown>>(
    `select w.name, c.domain, p.template, p.fingerprint, p.version, p.shown, p.persona from pitches p
       join workspaces w on w.id = p.workspace_id join companies c on c.id = p.company_id
     order by w.name, c.domain, p.template, p.version`,
  );
  const numbered = (name: string) =>
    [
      ['acme.example', 'concise', 'alone', 1, true],
      ['acme.example', 'standard', 'first', 1, false],
      ['acme.example', 'standard', 'second', 2, false],
      ['acme.example', 'standard', 'third', 3, true],
      ['other.example', 'standard', 'alone', 1, true],
    ].map(([domain, template, fingerprint, version, shown]) => ({
      name,
      domain,
      template,
      fingerprint,
      version,
      shown,
      persona: '',
    }));
  assert.deepEqual(rows, [...numbered('ours'), ...numbered('theirs')]);
  // While the numbers were given the policies were off.
  const { rows: forced } = await superuser.query(
    `select relforcerowsecurity as forced from pg_class where relname = 'pitches'`,
  );
  assert.deepEqual(forced, [{ forced: true }]);
});
