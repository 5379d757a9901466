import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Crm, CrmRecord } from '../../../src/connectors/crm.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { holdCompanies } from '../../../src/pipeline/store/asked-work.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { meet } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';

const here = useOneConnection('salesforce');

const account = (stem: string, rest: Partial<CrmRecord> = {}): CrmRecord =>
  crmRecord('Account', stem, { name: stem, website: `${stem}.example`, ...rest });

function createOrg(records: readonly CrmRecord[]): Crm {
  return createReadingCrm({
    readObjects: ['Account', 'Lead'],
    async *readChanges(object) {
      const ofObject = records.filter((record) => record.object === object);
      if (ofObject.length > 0) yield { records: ofObject, cursor: { at: ofObject.length } };
    },
  });
}
const call = { signal: new AbortController().signal };
const sync = (records: readonly CrmRecord[], connection: Connection = here.connection) =>
  syncConnection({ db: here.db, crm: createOrg(records), connection, call });
const count = async (table: string): Promise<number | undefined> => {
  const { rows } = await here.inWorkspace((tx) =>
    tx.query<{ n: number }>(`select count(*) as n from ${table} where connection_id = $1`, [
      here.connection.id,
    ]),
  );
  return rows[0]?.n;
};

test('pitches of several companies are asked for while a sync reads the same ones', async () => {
  const ids = [3, 2, 1].map((number) => `00000000-0000-4000-8000-00000000000${number}`);
  await here.inWorkspace((tx) =>
    tx.query(
      `insert into companies (workspace_id, id, domain, name, website)
       select $1, id, domain, domain, domain from unnest($2::uuid[], $3::text[]) as given (id, domain)`,
      [here.workspaceId, ids, ['a-asked.example', 'm-asked.example', 'z-asked.example']],
    ),
  );

  await meet(
    here.inWorkspace,
    `companies where domain = 'm-asked.example' for no key update`,
    () => sync(['a-asked', 'm-asked', 'z-asked'].map((stem) => account(stem))),
    () => here.inWorkspace((tx) => holdCompanies(tx, ids.toSpliced(1, 1))),
  );

  assert.equal(await count('records'), 3);
});
