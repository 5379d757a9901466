import { after, before, beforeEach } from 'node:test';
import type { CrmKind } from '../../src/connectors/crm.ts';
import type { Database, Tx } from '../../src/db.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import type { Connection } from '../../src/pipeline/store/connections.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';

/** The file's own database and workspace, and a connection that is new with each test. */
export type OneConnection = {
  readonly db: Database;
  readonly workspaceId: string;
  readonly connection: Connection;
  inWorkspace<T>(act: (tx: Tx) => Promise<T>): Promise<T>;
};

/** Called once at the top of a test file, whose hooks it sets. */
export function useOneConnection(kind: CrmKind): OneConnection {
  let here: TestDatabase;
  let workspaceId: string;
  let connection: Connection;
  let names = 0;
  const inWorkspace = <T>(act: (tx: Tx) => Promise<T>): Promise<T> => here.db.inWorkspace(workspaceId, act);
  before(async () => {
    here = await createTestDatabase();
    workspaceId = await ensureWorkspace(here.db);
  });
  after(() => here.close());
  beforeEach(async () => {
    names += 1;
    connection = await inWorkspace((tx) => ensureConnection(tx, workspaceId, kind, `account ${names}`));
  });
  return {
    get db() {
      return here.db;
    },
    get workspaceId() {
      return workspaceId;
    },
    get connection() {
      return connection;
    },
    inWorkspace,
  };
}
