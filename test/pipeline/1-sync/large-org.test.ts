import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { ledger } from '../../connectors/salesforce/connect.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { accountId, smallWorld, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { startSyncing } from './dying-process.ts';

const MORE = 12_000;

let here: TestDatabase;
let twin: SalesforceTwin;
let workspaceId: string;

before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  twin = await startSmall({ world: smallWorld(MORE) });
  twin.bulkQueries.durationMs = 20;
});
after(async () => {
  await twin.close();
  await here.close();
});

const open = (name: string): Promise<Connection> =>
  here.db.inWorkspace(workspaceId, (tx) => ensureConnection(tx, workspaceId, 'salesforce', name));

const start = (diesAt: number) =>
  startSyncing({ db: here.db, twin }, diesAt, { bulk: { rowsPerSet: 4_000, rowsPerPage: 1_000 } });

const records = (connection: Connection) =>
  here.db.inWorkspace(workspaceId, async (tx) => {
    const { rows } = await tx.query<{ id: string; domain: string | null }>(
      'select external_id as id, domain from records where connection_id = $1 and object = $2',
      [connection.id, 'Account'],
    );
    return rows;
  });

test('killed at every step of a bulk sync in turn, it ends with each row once', async () => {
  const connection = await open('killed');
  twin.kit.calls.clear();
  let runs = 0;
  for (let diesAt = 1; ; diesAt += 1) {
    const { db, crm, isDead } = start(diesAt);
    runs += 1;
    try {
      await syncConnection({ db, crm, connection, call: ledger() });
    } catch (error) {
      if (!isDead()) throw error;
      continue;
    }
    if (!isDead()) break;
  }
  const rows = await records(connection);
  assert.equal(rows.length, MORE + 3);
  assert.equal(rows.find((row) => row.id === accountId('alder'))?.domain, 'alder.example');
  const calls = twin.kit.calls.summary().byOperation;
  assert.ok(runs > 10, `${runs} runs`);
  // A job is lost only by a kill between its making and the note of it, or by one between its end and the note of that.
  assert.ok((calls['bulk query create']?.calls ?? 0) <= 4, JSON.stringify(calls));
});

test('a large org is read once, stored once, and the next sync asks one question per object', async () => {
  const connection = await open('whole');
  const { db, crm } = start(Infinity);
  const first = await syncConnection({ db, crm, connection, call: ledger() });
  assert.equal(first.changed, MORE + 3 + 2 + 1);
  assert.equal((await records(connection)).length, MORE + 3);
  twin.kit.calls.clear();
  const second = await syncConnection({ db, crm, connection, call: ledger() });
  assert.equal(second.changed, 0);
  assert.deepEqual(
    twin.kit.calls.list().map((call) => call.operation),
    // Accounts, leads, contacts, and deals.
    ['query all', 'query all', 'query all', 'query all'],
  );
});
