import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { Crm } from '../../../src/connectors/crm.ts';
import { catchUp } from '../../../src/pipeline/1-sync/catch-up.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { readClock, saveHints } from '../../../src/pipeline/store/record-hints.ts';
import { connect } from '../../connectors/salesforce/connect.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { accountId, startSmall } from '../../sandbox/salesforce-fixture.ts';

const here = useOneConnection('salesforce');
const ID = accountId('alder');

let twin: SalesforceTwin;
before(async () => {
  twin = await startSmall();
});
after(() => twin.close());

const call = { signal: AbortSignal.timeout(60_000) };
const sync = (crm: Crm) => syncConnection({ db: here.db, crm, connection: here.connection, call });
const rename = (name: string): number => {
  twin.edit({ as: 'rep:Anna', id: ID, fields: { Name: name } });
  return Math.floor(Date.now() / 1000);
};

async function lookAt(crm: Crm): Promise<void> {
  const { workspaceId, connection, db } = here;
  const at = { workspaceId, connectionId: connection.id };
  await here.inWorkspace((tx) => saveHints(tx, at, [{ object: 'Account', externalId: ID, kind: 'changed' }]));
  await catchUp({ db, crm, connection, toldBy: await here.inWorkspace(readClock), call });
}

const findName = async (): Promise<string | undefined> => {
  const { rows } = await here.inWorkspace((tx) =>
    tx.query<{ name: string }>('select name from records where connection_id = $1 and external_id = $2', [
      here.connection.id,
      ID,
    ]),
  );
  return rows[0]?.name;
};

test('a record is saved twice within a second, and what was read in between is stored last: the next sync has it right', async () => {
  const crm = connect(twin);
  await sync(crm);
  for (let isWithinOne = false; !isWithinOne;) {
    const first = rename('Between');
    await sync({
      ...crm,
      async *readChanges(object, ...rest) {
        for await (const page of crm.readChanges(object, ...rest)) {
          if (page.records.some(({ externalId }) => externalId === ID)) {
            isWithinOne = rename('Last') === first;
            await lookAt(crm);
          }
          yield page;
        }
      },
    });
  }
  assert.equal(await findName(), 'Between', 'nothing tells which of the two is newer');

  await sync(crm);

  assert.equal(await findName(), 'Last');
});
