import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { APP_ROLE } from './db.ts';
import { UserError, describeError } from './errors.ts';
import { doIndexStep, readIndexSteps } from './migrate-indexes.ts';
import type { IndexStep } from './migrate-indexes.ts';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
// Any constant will do as long as no other program on the server takes the same one.
const LOCK = 7_305_301;

// Who waits for a strong lock on a table stands before all others who want it: rather give it up and come back.
const LOCK_TIMEOUT_MS = 3_000;
const TRIES = 20;
const PAUSE_MS = 2_000;
// Another process migrates: a short question each time, since who waits in one statement holds a snapshot, for whose end a building of
// indexes waits in turn.
const LOOK_MS = 200;
// lock_not_available, deadlock_detected (PostgreSQL, appendix A).
const WAITED_IN_VAIN = new Set(['55P03', '40P01']);

export type MigrateOptions = {
  folder?: string;
  /** How long to wait for a table's lock, how often, and how long in between, in milliseconds. */
  lock?: { timeoutMs: number; tries: number; pauseMs: number };
  /** Hears what takes long, in words for people. */
  onProgress?: (what: string) => void;
};

type Migrating = Required<MigrateOptions> & { client: pg.Client; ran: string[] };

/**
 * Brings the schema up to date. Each numbered file runs once, in its own transaction, or statement by statement where it builds indexes
 * while others write, under an advisory lock, so several processes may start together. Returns the names that ran. Throws UserError when
 * the server can't be reached, a file fails, a lock is not to be had, or a file that already ran was changed.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
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
  const migrating: Migrating = {
    folder: MIGRATIONS,
    lock: { timeoutMs: LOCK_TIMEOUT_MS, tries: TRIES, pauseMs: PAUSE_MS },
    onProgress: () => undefined,
    ...options,
    client,
    ran: [],
  };
  try {
    // What a server ends otherwise after so and so long may take longer here.
    await client.query('set statement_timeout = 0');
    for (let tries = 1; ; tries += 1)
      try {
        await runAlone(migrating);
        return migrating.ran;
      } catch (error) {
        if (!(error instanceof WaitedInVain)) throw error;
        if (tries >= migrating.lock.tries) throw error.because;
        migrating.onProgress(`${error.because.message}; trying again`);
        await wait(migrating.lock.pauseMs);
      }
  } finally {
    // Ending the session frees the lock.
    await client.end();
  }
}

/** Whoever stood in the way is let through before the next try. */
class WaitedInVain extends Error {
  readonly because: UserError;
  constructor(because: UserError) {
    super(because.message, { cause: because });
    this.because = because;
  }
}

async function runAlone(migrating: Migrating): Promise<void> {
  const { client, onProgress } = migrating;
  const isOurs = async (): Promise<boolean> => {
    const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [LOCK]);
    return rows[0]?.ours === true;
  };
  for (let looks = 0; !(await isOurs()); looks += 1) {
    if (looks === 0) onProgress('another process brings the schema up to date: waiting for it');
    await wait(LOOK_MS);
  }
  try {
    await client.query(
      `create table if not exists schema_migrations
       (name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
    );
    await runPending(migrating);
    await grantToApp(client);
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCK]).catch(() => undefined);
  }
}

/** The migrations that this version has, in their order. */
export async function listMigrations(folder = MIGRATIONS): Promise<string[]> {
  return (await readdir(folder)).filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file)).sort();
}

async function runPending(migrating: Migrating): Promise<void> {
  const { client, folder, ran } = migrating;
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_migrations',
  );
  const known = new Map(rows.map((row) => [row.name, row.checksum]));
  for (const name of await listMigrations(folder)) {
    const sql = await readFile(`${folder}/${name}`, 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    const before = known.get(name);
    if (before === checksum) continue;
    if (before !== undefined)
      throw new UserError(
        `Migration ${name} was changed after it ran on this database`,
        'Restore the file and put the change into a new migration.',
      );
    const steps = readIndexSteps(name, sql);
    const note = {
      text: 'insert into schema_migrations (name, checksum) values ($1, $2)',
      values: [name, checksum],
    };
    if (steps === null) await runInTransaction(migrating, name, [sql, note]);
    else {
      await runSteps(migrating, name, steps);
      await client.query(note);
    }
    ran.push(name);
  }
}

async function runInTransaction(
  { client, lock }: Migrating,
  name: string,
  statements: readonly (string | pg.QueryConfig)[],
): Promise<void> {
  try {
    await client.query('begin');
    await client.query(`set local lock_timeout = ${lock.timeoutMs}`);
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw explain(error, `Migration ${name} failed and was rolled back`);
  }
}

async function runSteps(
  { client, onProgress }: Migrating,
  name: string,
  steps: readonly IndexStep[],
): Promise<void> {
  for (const step of steps) {
    if (step.what === 'build') onProgress(`building the index ${step.index}; everything goes on meanwhile`);
    try {
      await doIndexStep(client, step);
    } catch (error) {
      throw explain(error, `Migration ${name} failed at the index ${step.index}`);
    }
  }
}

function explain(error: unknown, what: string): Error {
  const isInVain = error instanceof pg.DatabaseError && WAITED_IN_VAIN.has(error.code ?? '');
  const fix = 'Look in pg_stat_activity for a transaction that stays open, end it, and start again.';
  const failure = new UserError(`${what}: ${describeError(error)}`, isInVain ? fix : undefined, error);
  return isInVain ? new WaitedInVain(failure) : failure;
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
