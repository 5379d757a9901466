import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { HubspotGrant } from '../../src/connectors/crm-credentials.ts';
import { openDatabase } from '../../src/db.ts';
import { ProviderError } from '../../src/errors.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import type { Connection } from '../../src/pipeline/store/connections.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createVault } from '../../src/pipeline/vault.ts';
import { createSeal } from '../../src/seal.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

const GRANT: HubspotGrant = {
  kind: 'hubspot',
  baseUrl: 'https://api.hubapi.com',
  clientId: 'app-1',
  clientSecret: 'app-secret',
  refreshToken: 'refresh-0',
  access: null,
};
const CONNECTIONS = 3;
const seal = createSeal(randomBytes(32).toString('base64'));

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

async function storeGrant(): Promise<Connection> {
  const workspaceId = await ensureWorkspace(here.db);
  const connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'hubspot', randomUUID()),
  );
  await createVault({ db: here.db, seal }).put(connection, GRANT);
  return connection;
}

/** Another process in the middle of a renewal. */
async function holdCredentials({ id }: Connection): Promise<{ release(): Promise<void> }> {
  const holder = new pg.Client({ connectionString: here.url });
  await holder.connect();
  await holder.query('begin');
  await holder.query('select from credentials where connection_id = $1 for update', [id]);
  return { release: () => holder.end() };
}

const renewed = async (grant: HubspotGrant): Promise<HubspotGrant> => ({
  ...grant,
  access: { token: 'access-1', until: '2030-01-01T00:00:00.000Z' },
});

test('whoever waits for a token that another process renews keeps no database connection from others', async () => {
  const connection = await storeGrant();
  const holder = await holdCredentials(connection);
  const db = await openDatabase(here.url, { maxConnections: CONNECTIONS });
  try {
    const waiting = Array.from({ length: 4 * CONNECTIONS }, () =>
      createVault({ db, seal }).grantOf(connection).change(null, renewed),
    );
    // With every connection waiting for the lock, none would be left for this.
    for (let round = 0; round < 5; round += 1) await db.ping();
    await holder.release();
    const grants = await Promise.all(waiting);
    assert.deepEqual(new Set(grants.map(({ access }) => access?.token)), new Set(['access-1']));
  } finally {
    await db.close();
  }
});

test('a renewal that does not end is an error that says so, and that trying again can help', async () => {
  const connection = await storeGrant();
  const holder = await holdCredentials(connection);
  try {
    const vault = createVault({ db: here.db, seal, patienceMs: 50 });
    await assert.rejects(vault.grantOf(connection).change(null, renewed), (error) => {
      assert.ok(error instanceof ProviderError && error.retryable);
      assert.match(error.message, /another process renews the credentials of hubspot /);
      return true;
    });
  } finally {
    await holder.release();
  }
});
