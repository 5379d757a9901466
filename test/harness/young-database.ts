import pg from 'pg';
import type { TestContext } from 'node:test';
import type { CrmRecord } from '../../src/connectors/crm.ts';
import { openDatabase } from '../../src/db.ts';
import type { Database } from '../../src/db.ts';
import { syncConnection } from '../../src/pipeline/1-sync/sync.ts';
import type { SyncResult } from '../../src/pipeline/1-sync/sync.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import type { Connection } from '../../src/pipeline/store/connections.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { until } from './browser-page.ts';
import { createTestDatabase } from './database.ts';
import { createReadingCrm } from './reading-crm.ts';

/** A database of which no statistics were taken yet, and a worker on it. */
export type YoungDatabase = {
  url: string;
  workspaceId: string;
  connection: Connection;
  worker: Database;
  /** The worker syncs the connection, whose CRM sends these. */
  sync(records: readonly CrmRecord[], page?: number): Promise<SyncResult>;
  /** How many entries of a table's indexes were read, once that is `atLeast`: a session tells when it has ended. */
  countReads(table: string, atLeast: number): Promise<number>;
};

export async function openYoungDatabase(test: TestContext): Promise<YoungDatabase> {
  const here = await createTestDatabase();
  const admin = new pg.Client({ connectionString: here.url });
  await admin.connect();
  test.after(async () => {
    await admin.end();
    await here.close();
  });
  const read = async (table: string): Promise<number> => {
    const { rows } = await admin.query<{ n: string }>(
      'select sum(idx_tup_read) as n from pg_stat_user_indexes where relname = $1',
      [table],
    );
    return Number(rows[0]?.n);
  };
  const workspaceId = await ensureWorkspace(here.db);
  const connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'salesforce', 'young'),
  );
  const worker = await openDatabase(here.url);
  return {
    url: here.url,
    workspaceId,
    connection,
    worker,
    sync: (records, page = 1) =>
      syncConnection({
        db: worker,
        crm: createReadingCrm({
          readObjects: ['Account'],
          async *readChanges() {
            yield { records: [...records], cursor: { page } };
          },
        }),
        connection,
        call: { signal: new AbortController().signal },
      }),
    countReads: async (table, atLeast) => {
      await until(async () => (await read(table)) >= atLeast, 'their sessions have ended');
      return read(table);
    },
  };
}
