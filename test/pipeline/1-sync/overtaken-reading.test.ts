import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { CrmDeal, CrmRecord } from '../../../src/connectors/crm.ts';
import { SyncedElsewhere } from '../../../src/pipeline/1-sync/synced-elsewhere.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { findCompanyByDomain } from '../../../src/pipeline/store/companies.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { retireConnection } from '../../../src/pipeline/store/remove-connection.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';

const here = useOneConnection('salesforce');
afterEach(() => here.inWorkspace((tx) => retireConnection(tx, here.connection)));

const account = (id: string, name: string): CrmRecord =>
  crmRecord('Account', id, { name, website: `${id}.example` });
const deal = (id: string): CrmDeal => ({ externalId: `deal of ${id}`, accountId: id, open: true });
const names = (ids: string, name: string): CrmRecord[] => ids.split('').map((id) => account(id, name));

type Rows = { accounts?: CrmRecord[]; deals?: CrmDeal[] };

/** Reads everything anew: first what comes at once, which is stored, and the rest once `gate` opens. */
async function readAnew(
  { atOnce, later }: { atOnce: Rows; later: Rows },
  { gate = Promise.resolve(), onGate = () => undefined }: { gate?: Promise<void>; onGate?: () => void } = {},
): Promise<void> {
  await here.inWorkspace((tx) => askForFullSync(tx, here.connection.id));
  const stored = Promise.withResolvers<void>();
  const wait = (): Promise<void> => {
    onGate();
    return gate;
  };
  const reading = createReadingCrm({
    readObjects: ['Account'],
    async *readChanges(_object, cursor) {
      if (cursor !== null) return;
      yield { records: atOnce.accounts ?? [], cursor: { at: 1 } };
      // A page without rows is stored at once, with those before it.
      yield { records: [], cursor: { at: 1 } };
      if (later.accounts !== undefined) await stored.promise.then(wait);
      yield { records: later.accounts ?? [], cursor: { at: 2 } };
    },
  });
  const crm = {
    ...reading,
    async *readDeals(cursor: unknown) {
      if (cursor !== null) return;
      yield { deals: atOnce.deals ?? [], cursor: { at: 1 } };
      if (later.deals !== undefined) await wait();
      yield { deals: later.deals ?? [], cursor: { at: 2 } };
    },
  };
  await syncConnection({
    db: here.db,
    crm,
    connection: here.connection,
    call: { signal: AbortSignal.timeout(60_000) },
    onStored: stored.resolve,
  });
}

/**
 * A reading that stands still in its middle, as a frozen process does, and goes on while another one that began later comes to its end.
 * Answers with its error.
 */
async function overtake(
  frozen: Parameters<typeof readAnew>[0],
  newer: Parameters<typeof readAnew>[0],
): Promise<unknown> {
  const [stands, thaw, isOver] = [1, 2, 3].map(() => Promise.withResolvers<void>());
  assert.ok(stands && thaw && isOver);
  const old = readAnew(frozen, { gate: thaw.promise, onGate: stands.resolve }).finally(isOver.resolve);
  old.catch(() => undefined);
  await stands.promise;
  await readAnew(newer, { gate: isOver.promise, onGate: thaw.resolve });
  return old.catch((error: unknown) => error);
}

const find = async <T>(sql: string): Promise<T[]> => {
  const { rows } = await here.inWorkspace((tx) => tx.query<{ value: T }>(sql, [here.connection.id]));
  return rows.map(({ value }) => value);
};

test('a reading that a later one overtook takes nothing of what that one saw, and no value of the same second stays that is older', async () => {
  await readAnew({ atOnce: { accounts: names('abc', 'before') }, later: {} });

  const error = await overtake(
    { atOnce: { accounts: names('a', 'old') }, later: { accounts: names('b', 'old') } },
    { atOnce: { accounts: names('ab', 'new') }, later: { accounts: [] } },
  );

  assert.deepEqual(
    await find('select name as value from records where connection_id = $1 order by external_id'),
    ['new', 'new', 'before'],
  );
  assert.deepEqual(await find('select external_id as value from record_hints where connection_id = $1'), [
    'c',
  ]);
  assert.ok(error instanceof SyncedElsewhere);
});

test('a deal that an overtaken reading came by once more stays open', async () => {
  const accounts = names('d', 'Dogwood');
  await readAnew({ atOnce: { accounts, deals: [deal('d')] }, later: {} });

  const error = await overtake(
    { atOnce: { accounts, deals: [] }, later: { deals: [deal('d')] } },
    { atOnce: { accounts, deals: [deal('d')] }, later: { deals: [] } },
  );

  const company = await here.inWorkspace((tx) => findCompanyByDomain(tx, 'd.example'));
  assert.equal(company?.excludedBecause, 'an open deal');
  assert.ok(error instanceof SyncedElsewhere);
});
