import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ChangePage, Crm, CrmRecord } from '../../../src/connectors/crm.ts';
import { countExclusions } from '../../../src/pipeline/1-sync/count-exclusions.ts';
import { ConnectionSettings } from '../../../src/pipeline/store/connection-settings.ts';
import { findConnection } from '../../../src/pipeline/store/connections.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { createFakeCrm } from '../../harness/fake-crm.ts';
import { openDesk } from '../../harness/write-back.ts';

let here: TestDatabase;
let connection: Connection;
before(async () => {
  here = await createTestDatabase();
  const desk = await openDesk(here.db, 'salesforce');
  const found = await here.db.inWorkspace(desk.workspaceId, (tx) => findConnection(tx, desk.connectionId));
  connection = found ?? assert.fail('no connection');
});
after(() => here.close());

/** Every second account is a customer. */
const account = (index: number): CrmRecord =>
  crmRecord('Account', `001${index}`, {
    website: `https://company-${index}.example`,
    signs: { customer: index % 2 === 0 ? 'Type is Customer' : null, optedOut: false, openDeals: 0 },
  });
const PAGE = 1_000;

/** A CRM that pages through accounts without an end. */
function endless(
  onPage: (pages: number) => void,
  make: (index: number) => CrmRecord = account,
): { crm: Crm; pages(): number } {
  let pages = 0;
  const crm: Crm = {
    ...createFakeCrm('salesforce').crm,
    readObjects: ['Account'],
    readChanges: async function* (_object, _cursor, { signal }): AsyncGenerator<ChangePage> {
      for (;;) {
        signal.throwIfAborted();
        const from = pages * PAGE;
        pages += 1;
        yield { records: Array.from({ length: PAGE }, (_, index) => make(from + index)), cursor: {} };
        onPage(pages);
      }
    },
  };
  return { crm, pages: () => pages };
}

test('an org of any size is counted on its first rows, and that they are not all is said', async () => {
  const { crm, pages } = endless(() => undefined);
  const { exclude } = ConnectionSettings.parse({});
  const counts = await countExclusions(here.db, crm, connection, exclude, { signal: new AbortController().signal }); // prettier-ignore
  assert.equal(pages(), 10);
  assert.deepEqual([counts.rows, counts.companies, counts.customers, counts.together], [10_000, 10_000, 5_000, 5_000]); // prettier-ignore
  assert.equal(counts.complete, false);
});

test('whoever has waited long enough is told what was counted by then', async () => {
  const stop = new AbortController();
  const { crm } = endless((pages) => {
    if (pages === 3) stop.abort();
  });
  const { exclude } = ConnectionSettings.parse({});
  const counts = await countExclusions(here.db, crm, connection, exclude, { signal: stop.signal });
  assert.deepEqual([counts.rows, counts.customers, counts.complete], [3_000, 1_500, false]);
});

test('deleted rows, which HubSpot tells first, take nothing from what is counted', async () => {
  const { crm, pages } = endless(
    () => undefined,
    (index) => ({ ...account(index), deleted: index < 5 * PAGE }),
  );
  const { exclude } = ConnectionSettings.parse({});
  const counts = await countExclusions(here.db, crm, connection, exclude, { signal: new AbortController().signal }); // prettier-ignore
  assert.deepEqual([pages(), counts.rows, counts.companies], [15, 10_000, 10_000]);
});
