import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { everyoneMayEnter, findBinaries, serverAccount } from './binaries.ts';
import { withLock } from './lock.ts';
import { freePort, portIsFree } from './ports.ts';

export type EmbeddedDatabase = {
  /** Connection string of the `fieldnote` database, as its owner. */
  url: string;
  /** Stops the server if no other process uses it. */
  release(): Promise<void>;
};

const Settings = z.object({ port: z.number().int(), password: z.string(), dataDir: z.string() });
type Settings = z.infer<typeof Settings>;

// Start-up includes crash recovery after a kill; a cold first start took 2 s on two busy cores.
const START_TIMEOUT_MS = 60_000;
// Where root keeps the data when `home` lies in a folder that the server's own account may not enter (FHS 5.8).
const SYSTEM_STATE = '/var/lib';

/**
 * Starts (or finds again) a real PostgreSQL under `home`. The server outlives this process, so several processes share
 * it and it is found again after a crash. Throws UserError when the binaries are absent (a production install) or the
 * server does not start.
 */
export async function openEmbeddedDatabase(home: string): Promise<EmbeddedDatabase> {
  const root = resolve(home);
  await mkdir(root, { recursive: true });
  return withLock(join(root, 'postgres.lock'), async () => {
    const settings = (await readSettings(root)) ?? (await initialise(root));
    if (!(await answersSoon(settings))) await launch(root, settings);
    await createDatabase(settings);
    const keeper = await keepRunning(settings);
    return { url: urlOf(settings, 'fieldnote'), release: () => release(root, settings, keeper) };
  });
}

const settingsFile = (root: string): string => join(root, 'postgres.json');
const urlOf = (settings: Settings, database: string): string =>
  `postgres://postgres:${settings.password}@127.0.0.1:${settings.port}/${database}`;

async function readSettings(root: string): Promise<Settings | null> {
  if (!existsSync(settingsFile(root))) return null;
  const settings = Settings.parse(JSON.parse(await readFile(settingsFile(root), 'utf8')));
  return existsSync(join(settings.dataDir, 'PG_VERSION')) ? settings : null;
}

async function writeSettings(root: string, settings: Settings): Promise<void> {
  const draft = `${settingsFile(root)}.new`;
  await writeFile(draft, JSON.stringify(settings), { mode: 0o600 });
  await rename(draft, settingsFile(root));
}

async function initialise(root: string): Promise<Settings> {
  const account = serverAccount();
  const binaries = await findBinaries(account !== null);
  const open = account === null || (await everyoneMayEnter(root));
  const dataDir = open
    ? join(root, 'postgres')
    : join(SYSTEM_STATE, `fieldnote-postgres-${randomBytes(6).toString('hex')}`);
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (account !== null) await chown(dataDir, account.uid, account.gid);
  const password = randomBytes(18).toString('base64url');
  const passwordFile = join(tmpdir(), `fieldnote-${randomBytes(6).toString('hex')}`);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account !== null) await chown(passwordFile, account.uid, account.gid);
  try {
    const result = spawnSync(
      binaries.initdb,
      [
        '-D',
        dataDir,
        '-U',
        'postgres',
        '-A',
        'scram-sha-256',
        `--pwfile=${passwordFile}`,
        '-E',
        'UTF8',
        '--locale=C',
        '--no-instructions',
      ],
      { ...account, encoding: 'utf8' },
    );
    if (result.status !== 0)
      throw new UserError(
        `The embedded database could not be created in ${dataDir}: ${result.stderr || result.error?.message}`,
        'Check free disk space, or set DATABASE_URL to a PostgreSQL server.',
      );
  } finally {
    await rm(passwordFile, { force: true });
  }
  const settings = { port: await freePort(), password, dataDir };
  await writeSettings(root, settings);
  return settings;
}

async function launch(root: string, settings: Settings): Promise<void> {
  const account = serverAccount();
  const binaries = await findBinaries(account !== null);
  if (!(await portIsFree(settings.port))) {
    settings.port = await freePort();
    await writeSettings(root, settings);
  }
  const logFile = join(root, 'postgres.log');
  const log = openSync(logFile, 'a');
  const server = spawn(
    binaries.postgres,
    [
      '-D',
      settings.dataDir,
      '-p',
      String(settings.port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'max_connections=500',
      '-c',
      'shared_buffers=128MB',
      '-c',
      'max_wal_size=1GB',
      '-c',
      'jit=off',
    ],
    { ...account, cwd: settings.dataDir, detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  let exited = false;
  server.once('exit', () => {
    exited = true;
  });
  server.once('error', () => {
    exited = true;
  });
  server.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while ((await ask(settings)) !== 'up') {
    if (exited || Date.now() > deadline)
      throw new UserError(
        `The embedded database did not start; its log is ${logFile}`,
        'Read the log, or set DATABASE_URL to a PostgreSQL server.',
      );
    await wait(50);
  }
}

/** Is our server there? One that is just starting or recovering after a crash is waited for. */
async function answersSoon(settings: Settings): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const state = await ask(settings);
    if (state !== 'starting' || Date.now() > deadline) return state === 'up';
    await wait(50);
  }
}

async function ask(settings: Settings): Promise<'up' | 'starting' | 'down'> {
  const client = new pg.Client({
    connectionString: urlOf(settings, 'postgres'),
    connectionTimeoutMillis: 3000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Another server may have taken the port after a reboot: ask whose data it serves.
    const { rows } = await client.query<{ dir: string }>(`select current_setting('data_directory') as dir`);
    return rows[0]?.dir === settings.dataDir ? 'up' : 'down';
  } catch {
    // Whatever the error (refused, reset, 57P03 cannot_connect_now): a server process that lives will take connections yet.
    return (await serverLives(settings)) ? 'starting' : 'down';
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function serverLives(settings: Settings): Promise<boolean> {
  const pidFile = join(settings.dataDir, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to the server's own account.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function createDatabase(settings: Settings): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(settings, 'postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query(`select from pg_database where datname = 'fieldnote'`);
    if (rowCount === 0) await client.query('create database fieldnote');
  } finally {
    await client.end();
  }
}

/**
 * One idle connection for as long as this process uses the server: whoever is about to stop it sees that somebody is here,
 * also between two of our queries. A kill ends it with the process.
 */
async function keepRunning(settings: Settings): Promise<pg.Client> {
  const keeper = new pg.Client({
    connectionString: urlOf(settings, 'postgres'),
    application_name: 'fieldnote keeper',
  });
  // The server may be restarted under us; the pools find it again by themselves.
  keeper.on('error', () => undefined);
  await keeper.connect();
  return keeper;
}

async function release(root: string, settings: Settings, keeper: pg.Client): Promise<void> {
  await withLock(join(root, 'postgres.lock'), async () => {
    await keeper.end().catch(() => undefined);
    if (!(await answersSoon(settings))) return;
    const client = new pg.Client({ connectionString: urlOf(settings, 'postgres') });
    await client.connect();
    const { rows } = await client.query<{ others: number }>(
      `select count(*)::int as others from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    await client.end();
    if ((rows[0]?.others ?? 0) > 0) return;
    const pidFile = join(settings.dataDir, 'postmaster.pid');
    const pid = Number((await readFile(pidFile, 'utf8')).split('\n')[0]);
    // SIGINT is PostgreSQL's fast shutdown.
    process.kill(pid, 'SIGINT');
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (existsSync(pidFile) && Date.now() < deadline) await wait(20);
  });
}
