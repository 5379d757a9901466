import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ChangePage, CrmRecord } from '../../../src/connectors/crm.ts';
import type { Tx } from '../../../src/db.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { countHints, readClock, saveHints } from '../../../src/pipeline/store/record-hints.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';
import { until } from '../../e2e/faults/observe.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

// As many rows as are merged at once: the third page waits for the merge of the first, and the fourth is read meanwhile.
const ROWS = 10_000;
const PAGES = 4;
// For so long the CRM's search may not show a change: a page settles what was told that long before it was asked for.
const LAG_MS = 60_000;

const pageOf = (page: number): CrmRecord[] =>
  Array.from({ length: ROWS }, (_, row) => crmRecord('Account', `p${page}-${row}`));

test('what is told of a record after its page was read, while that waits for the database, is still looked at', async () => {
  const workspaceId = await ensureWorkspace(here.db);
  const inWorkspace = <T>(act: (tx: Tx) => Promise<T>): Promise<T> => here.db.inWorkspace(workspaceId, act);
  const connection = await inWorkspace((tx) => ensureConnection(tx, workspaceId, 'salesforce', 'test'));
  let asked = 0;
  const crm = createReadingCrm({
    readObjects: ['Account'],
    async *readChanges(): AsyncGenerator<ChangePage> {
      for (; asked < PAGES;) {
        asked += 1;
        yield { records: pageOf(asked), cursor: { page: asked } };
      }
    },
  });
  const told = async (): Promise<void> => {
    await until('the last page was read', async () => asked === PAGES);
    const toldAt = await inWorkspace(async (tx) => {
      await saveHints(tx, { workspaceId, connectionId: connection.id }, [
        { object: 'Account', externalId: `p${PAGES}-0`, kind: 'gone' },
      ]);
      const now = await readClock(tx);
      await tx.query('update record_hints set told_at = $1', [new Date(now.getTime() - LAG_MS)]);
      return now;
    });
    await until('a moment went by', async () => (await inWorkspace(readClock)) > toldAt);
  };
  let merges = 0;
  await syncConnection({
    db: here.db,
    crm,
    connection,
    call: { signal: AbortSignal.timeout(60_000) },
    onPage: async () => {
      merges += 1;
      if (merges === 1) await told();
    },
  });
  assert.equal(merges, PAGES);
  assert.equal(await inWorkspace((tx) => countHints(tx, connection.id)), 1);
});
