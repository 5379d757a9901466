import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ProviderCall } from '../../src/connectors/call.ts';
import type { Database } from '../../src/db.ts';
import { openCallLedger, openCompanyLedger } from '../../src/pipeline/call-ledger.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { sumUsage } from '../../src/pipeline/store/usage.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { until } from '../e2e/faults/observe.ts';

const prices = { searchUsdPerCredit: 0.008, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 };
const call = (operation: string): ProviderCall => ({
  provider: 'tavily',
  operation,
  ok: true,
  milliseconds: 1,
  requests: 1,
  searchCredits: 1,
});

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

/** A database that can be gone for a while, as a restart leaves it to its clients. */
function openFlaky(): { db: Database; setDown(down: boolean): void; refused(): number } {
  let down = false;
  let refused = 0;
  return {
    setDown: (next) => (down = next),
    refused: () => refused,
    db: {
      ...here.db,
      inWorkspace: (workspaceId, act) => {
        if (!down) return here.db.inWorkspace(workspaceId, act);
        refused += 1;
        return Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      },
    },
  };
}

async function countCalls(workspaceId: string): Promise<number> {
  const totals = await here.db.inWorkspace(workspaceId, (tx) => sumUsage(tx, {}));
  return totals.reduce((sum, total) => sum + total.calls, 0);
}

test('calls of a connection that are made while the database is gone are in the ledger when it is back', async () => {
  const { db, setDown, refused } = openFlaky();
  const workspaceId = await ensureWorkspace(here.db, 'connection');
  const connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'hubspot', 'default'),
  );
  const ledger = openCallLedger({ db, prices }, connection);
  ledger.add(call('before'));
  await ledger.saved();
  setDown(true);
  ledger.add(call('during'));
  await until('a save was refused', () => refused() > 0);
  ledger.add(call('during too'));
  setDown(false);
  ledger.add(call('after'));
  await ledger.saved();
  assert.equal(await countCalls(workspaceId), 4);
});

test('calls of a company whose work was given up while the database was gone are saved when it is back', async () => {
  const { db, setDown, refused } = openFlaky();
  const workspaceId = await ensureWorkspace(here.db, 'company');
  const job = {
    workspaceId,
    runId: '00000000-0000-4000-8000-000000000001',
    companyId: '00000000-0000-4000-8000-000000000002',
  };
  const stop = new AbortController();
  const ledger = openCompanyLedger({ db, prices }, job, stop.signal);
  setDown(true);
  ledger.add(call('search'));
  const saving = ledger.save(async () => undefined);
  await until('a save was refused', () => refused() > 0);
  stop.abort(new Error('the worker is stopping'));
  await assert.rejects(saving, /ECONNREFUSED/);
  ledger.close();

  const before = refused();
  await until('it is tried again', () => refused() > before);
  setDown(false);
  await until('the call is in the ledger', async () => (await countCalls(workspaceId)) === 1);
});

test('a paid answer waits for its database, and is saved with its price', async () => {
  const { db, setDown, refused } = openFlaky();
  const workspaceId = await ensureWorkspace(here.db, 'answer');
  const job = { workspaceId, runId: '00000000-0000-4000-8000-000000000001', companyId: '00000000-0000-4000-8000-000000000002' }; // prettier-ignore
  const ledger = openCompanyLedger({ db, prices }, job, new AbortController().signal);
  const paid = call('search');
  ledger.add(paid);
  setDown(true);
  let saves = 0;
  const saving = ledger.save(async () => void (saves += 1), [paid]);
  await until('a save was refused', () => refused() > 0);
  setDown(false);
  await saving;

  assert.deepEqual([saves, await countCalls(workspaceId)], [1, 1]);
});
