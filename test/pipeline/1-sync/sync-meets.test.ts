import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Crm, CrmRecord } from '../../../src/connectors/crm.ts';
import { SettingsChanged } from '../../../src/pipeline/1-sync/settings-changed.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { holdCompanies } from '../../../src/pipeline/store/asked-work.ts';
import { ensureCompanies, findCompanyByDomain } from '../../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { updateExclusionsBy } from '../../../src/pipeline/store/exclusions.ts';
import { saveHints } from '../../../src/pipeline/store/record-hints.ts';
import { deleteMirror, retireConnection } from '../../../src/pipeline/store/remove-connection.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { renewLeases } from '../../../src/pipeline/store/writes-outbox.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { meet } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';

const here = useOneConnection('salesforce');

const LATER = '2026-11-02T00:00:00.000Z';
const signs = { customer: null, optedOut: false, openDeals: 0 };
const account = (stem: string, rest: Partial<CrmRecord> = {}): CrmRecord =>
  crmRecord('Account', stem, { name: stem, website: `${stem}.example`, ...rest });
const changed = { name: 'Another name', modifiedAt: LATER };

function createOrg(records: readonly CrmRecord[]): Crm {
  return createReadingCrm({
    readObjects: ['Account', 'Lead', 'Contact'],
    async *readChanges(object) {
      const ofObject = records.filter((record) => record.object === object);
      if (ofObject.length > 0) yield { records: ofObject, cursor: { at: ofObject.length } };
    },
  });
}
const call = { signal: new AbortController().signal };
const sync = (records: readonly CrmRecord[], connection: Connection = here.connection) =>
  syncConnection({ db: here.db, crm: createOrg(records), connection, call });
const openOther = (): Promise<Connection> =>
  here.inWorkspace((tx) => ensureConnection(tx, here.workspaceId, 'salesforce', 'other'));
const count = async (table: string): Promise<number | undefined> => {
  const { rows } = await here.inWorkspace((tx) =>
    tx.query<{ n: number }>(`select count(*) as n from ${table} where connection_id = $1`, [
      here.connection.id,
    ]),
  );
  return rows[0]?.n;
};
const idOf = async (domain: string): Promise<string> =>
  (await here.inWorkspace((tx) => findCompanyByDomain(tx, domain)))?.id ?? assert.fail(domain);

test('a connection that is removed while a sync of it comes to its end keeps nothing of it, and neither holds up the other', async () => {
  const at = { workspaceId: here.workspaceId, connectionId: here.connection.id };
  await sync([account('seen'), account('purged')]);
  await here.inWorkspace(async (tx) => {
    await askForFullSync(tx, here.connection.id);
    await saveHints(tx, at, [{ object: 'Account', externalId: 'purged', kind: 'changed' }]);
  });

  await meet(
    here.inWorkspace,
    `record_hints where external_id = 'purged' for update`,
    () => sync([account('seen')]),
    () => here.inWorkspace((tx) => retireConnection(tx, here.connection)),
  );

  const left = await Promise.all(['sync_cursors', 'sightings', 'record_hints'].map(count));
  assert.deepEqual(left, [0, 0, 0]);
});

test('what a sync read of a connection is not stored any more once that is removed', async () => {
  const crm = createOrg([account('late')]);
  const removing: Crm = {
    ...crm,
    async *readChanges(object, ...rest) {
      yield* crm.readChanges(object, ...rest);
      if (object === 'Account') await here.inWorkspace((tx) => retireConnection(tx, here.connection));
    },
  };

  await assert.rejects(
    syncConnection({ db: here.db, crm: removing, connection: here.connection, call }),
    SettingsChanged,
  );
  assert.deepEqual(await Promise.all(['records', 'sync_cursors'].map(count)), [0, 0]);
});

test('the rows of a removed connection go while another one reads the same companies', async () => {
  const other = await openOther();
  await sync([account('z-left')]);
  await sync([account('a-left')]);
  await sync([account('m-left'), account('z-left')], other);
  await here.inWorkspace((tx) => retireConnection(tx, here.connection));

  await meet(
    here.inWorkspace,
    `companies where domain = 'm-left.example' for no key update`,
    () => sync([account('a-left'), account('m-left', changed), account('z-left', changed)], other),
    () => here.inWorkspace((tx) => deleteMirror(tx, here.connection)),
  );

  assert.equal(await count('records'), 0);
});

test('what a removed connection left out is taken up again while another one reads the same companies', async () => {
  const other = await openOther();
  const customer = { signs: { ...signs, customer: 'yes' } };
  await sync([
    account('z-out', { ...customer, externalId: '1' }),
    account('a-out', { ...customer, externalId: '2' }),
  ]);
  await sync([account('m-out')], other);
  await here.inWorkspace((tx) => retireConnection(tx, here.connection));
  for (let portions = 0; portions < 2; portions += 1)
    await here.inWorkspace((tx) => deleteMirror(tx, here.connection, 1));

  await meet(
    here.inWorkspace,
    `companies where domain = 'm-out.example' for no key update`,
    () => sync([account('a-out'), account('m-out', changed), account('z-out')], other),
    () => here.inWorkspace((tx) => updateExclusionsBy(tx, here.connection)),
  );

  const found = await here.inWorkspace((tx) => findCompanyByDomain(tx, 'z-out.example'));
  assert.equal(found?.excludedBecause, null);
});

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

test('companies that people name are made while a sync finds the same ones, of which it knows one by its people alone', async () => {
  const contact = (stem: string, parentId: string | null) =>
    crmRecord('Contact', stem, { email: `someone@${stem}.example`, parentId });
  await sync([crmRecord('Account', 'nameless', { name: 'Nameless' })]);

  await meet(
    here.inWorkspace,
    `records where external_id = 'nameless' for update`,
    () => sync([contact('a-named', 'nameless'), contact('z-named', null)]),
    () =>
      here.inWorkspace((tx) => ensureCompanies(tx, here.workspaceId, ['a-named.example', 'z-named.example'])),
  );

  assert.equal(await count('records'), 3);
});

test('records are left out, and companies by their people, while a flusher has values of both in its hands', async () => {
  const people = (rest: Partial<CrmRecord>) =>
    ['company', 'company', 'people'].map((stem, index) =>
      crmRecord('Lead', `lead ${index}`, { email: `someone@${stem}-out.example`, ...rest }),
    );
  await sync([account('company-out'), ...people({})]);
  const companies = await Promise.all(['company-out.example', 'people-out.example'].map(idOf));
  const ids = await here.inWorkspace(async (tx) => {
    const { id } = await createRun(tx, here.workspaceId, { kind: 'manual', model: 'm' });
    const connectionId = here.connection.id;
    const wanted = people({}).map(({ externalId }, index) => {
      const companyId = companies[index === 2 ? 1 : 0] ?? '';
      return {
        connectionId,
        object: 'Lead' as const,
        externalId,
        companyId,
        field: 'score' as const,
        value: 5,
      };
    });
    await insertWrites(tx, id, wanted);
    const { rows } = await tx.query<{ id: number }>('select id from writes where run_id = $1 order by external_id', [id]); // prettier-ignore
    return rows.map((row) => row.id);
  });

  await meet(
    here.inWorkspace,
    `writes where id = ${ids[0]} for update`,
    () =>
      sync([account('company-out'), ...people({ signs: { ...signs, optedOut: true }, modifiedAt: LATER })]),
    () => here.inWorkspace((tx) => renewLeases(tx, ids.slice(1).map((id) => ({ id, attempt: 0 })), 1_000)), // prettier-ignore
  );

  const { rows } = await here.inWorkspace((tx) =>
    tx.query('select distinct state, reason from writes where connection_id = $1', [here.connection.id]),
  );
  const reason = 'Left out before it was sent: opted out of e-mail';
  assert.deepEqual(rows, [{ state: 'cancelled', reason }]);
});
