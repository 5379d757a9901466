import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { APP_ROLE } from './db.ts';
import { UserError, describeError } from './errors.ts';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
// Any constant will do as long as no other program on the server takes the same one.
const LOCK = 7_305_301;

/**
 * Brings the schema up to date. Each numbered file runs once, in its own transaction, under an advisory lock, so several
 * processes may start together. Returns the names that ran. Throws UserError when the server can't be reached, a file
 * fails, or one that already ran was changed.
 */
export async function migrate(url: string, folder: string = MIGRATIONS): Promise<string[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 15_000,
    application_name: 'fieldnote',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new UserError(
      `The database does not answer: ${describeError(error)}`,
      'Check DATABASE_URL and that the server is up.',
      error,
    );
  }
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await client.query(
      `create table if not exists schema_migrations
       (name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
    );
    const ran = await runPending(client, folder);
    await grantToApp(client);
    return ran;
  } finally {
    // Ending the session frees the lock.
    await client.end();
  }
}

async function runPending(client: pg.Client, folder: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_migrations',
  );
  const known = new Map(rows.map((row) => [row.name, row.checksum]));
  const files = (await readdir(folder)).filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file)).sort();
  const ran: string[] = [];
  for (const name of files) {
    const sql = await readFile(`${folder}/${name}`, 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    const before = known.get(name);
    if (before === checksum) continue;
    if (before !== undefined)
      throw new UserError(
        `Migration ${name} was changed after it ran on this database`,
        'Restore the file and put the change into a new migration.',
      );
    try {
      await client.query('begin');
      await client.query(sql);
      await client.query('insert into schema_migrations (name, checksum) values ($1, $2)', [name, checksum]);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw new UserError(
        `Migration ${name} failed and was rolled back: ${describeError(error)}`,
        undefined,
        error,
      );
    }
    ran.push(name);
  }
  return ran;
}

/**
 * The app acts as a role that owns nothing, where the server lets us make one. Where it does not (some hosts), forced
 * policies bind the owner as well.
 */
async function grantToApp(client: pg.Client): Promise<void> {
  await client.query(`
    do $$
    begin
      if not exists (select from pg_roles where rolname = '${APP_ROLE}') then
        create role ${APP_ROLE} nologin;
      end if;
      execute format('grant ${APP_ROLE} to %I', current_user);
    exception
      -- 42501: may not create roles here; 42710 and 23505: another process was faster.
      when insufficient_privilege or duplicate_object or unique_violation then null;
    end $$`);
  await client.query(`
    do $$
    begin
      if exists (select from pg_roles where rolname = '${APP_ROLE}') then
        grant usage on schema public to ${APP_ROLE};
        grant select, insert, update, delete on all tables in schema public to ${APP_ROLE};
        revoke insert, update, delete on schema_migrations from ${APP_ROLE};
        grant usage on all sequences in schema public to ${APP_ROLE};
      end if;
    end $$`);
}
