import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { openDatabase } from '../../src/db.ts';
import type { Database } from '../../src/db.ts';
import { openEmbeddedDatabase } from '../../src/embedded/database.ts';
import { migrate } from '../../src/migrate.ts';

export type TestDatabase = { url: string; adminUrl: string; db: Database; close(): Promise<void> };

const HOME = fileURLToPath(new URL('../../.fieldnote/test', import.meta.url));
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

/** A migrated database of its own on a real server, dropped by `close`. A template made once per schema keeps it quick. */
export async function createTestDatabase(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const server = await openEmbeddedDatabase(HOME);
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  const name = `test_${randomBytes(6).toString('hex')}`;
  if (options.migrated === false) await admin.query(`create database ${name}`);
  else await admin.query(`create database ${name} template ${await prepareTemplate(admin, server.url)}`);
  const url = withDatabase(server.url, name);
  const db = options.migrated === false ? null : await openDatabase(url, { onError: () => undefined });
  return {
    url,
    adminUrl: server.url,
    get db() {
      if (db === null) throw new Error('this test database was asked for without its schema');
      return db;
    },
    close: async () => {
      await db?.close();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
      await server.release();
    },
  };
}

async function prepareTemplate(admin: pg.Client, url: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of (await readdir(MIGRATIONS)).sort()) hash.update(await readFile(`${MIGRATIONS}/${file}`));
  const template = `template_${hash.digest('hex').slice(0, 12)}`;
  // Test files run side by side: one of them makes the template, the others wait.
  await admin.query('select pg_advisory_lock(1)');
  try {
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [template]);
    if (rowCount === 0) {
      const draft = `${template}_draft`;
      await admin.query(`drop database if exists ${draft}`);
      await admin.query(`create database ${draft}`);
      await migrate(withDatabase(url, draft));
      await admin.query(`alter database ${draft} rename to ${template}`);
    }
  } finally {
    await admin.query('select pg_advisory_unlock(1)');
  }
  return template;
}

export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.toString();
}
