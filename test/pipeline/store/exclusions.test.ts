import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CrmDeal, CrmKind, CrmRecord } from '../../../src/connectors/crm.ts';
import { mirrorRecord } from '../../../src/pipeline/1-sync/mirror-record.ts';
import { findCompanyByDomain } from '../../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import {
  countExcluded,
  listExcluded,
  updateExclusionsBy,
  updateExclusionsOfAccounts,
} from '../../../src/pipeline/store/exclusions.ts';
import { gatherRecords, mergeRecords, prepareRecord } from '../../../src/pipeline/store/merge-records.ts';
import { clearDeals, mergeDeals } from '../../../src/pipeline/store/open-deals.ts';
import { listNamesWithoutDomain } from '../../../src/pipeline/store/records.ts';
import { deleteMirror, retireConnection } from '../../../src/pipeline/store/remove-connection.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { crmRecord } from '../../harness/crm-record.ts';

let here: TestDatabase;
let workspaceId: string;
let open: (kind: CrmKind, name?: string) => Promise<Connection>;
before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  open = (kind, name = 'default') =>
    here.db.inWorkspace(workspaceId, (tx) => ensureConnection(tx, workspaceId, kind, name));
});
after(() => here.close());

const kindOf = ({ object }: CrmRecord): CrmKind =>
  object === 'company' || object === 'contact' ? 'hubspot' : 'salesforce';
async function sync(records: readonly CrmRecord[], name?: string): Promise<void> {
  for (const [kind, rows] of Map.groupBy(records, kindOf)) {
    const { id: connectionId, settings } = await open(kind, name);
    const mirrored = rows.map((row) => mirrorRecord(row, settings.exclude));
    await here.db.inWorkspace(workspaceId, (tx) =>
      mergeRecords(tx, { workspaceId, connectionId }, gatherRecords(mirrored.map(prepareRecord))),
    );
  }
}
async function syncDeals(deals: readonly CrmDeal[]): Promise<void> {
  const { id: connectionId } = await open('salesforce');
  await here.db.inWorkspace(workspaceId, async (tx) => {
    const accounts = await mergeDeals(tx, { workspaceId, begunAt: new Date(), connectionId }, deals);
    await updateExclusionsOfAccounts(tx, connectionId, accounts);
  });
}
const companyOf = async (domain: string) =>
  (await here.db.inWorkspace(workspaceId, (tx) => findCompanyByDomain(tx, domain))) ?? assert.fail(domain);
const reasonOf = async (domain: string): Promise<string | null> => (await companyOf(domain)).excludedBecause;

const signs = { customer: null, optedOut: false, openDeals: 0 };
const customer = { signs: { ...signs, customer: 'it says so' } };
const optedOut = { signs: { ...signs, optedOut: true } };
let numbers = 0;
const next = (): string => `${(numbers += 1)}`;
const account = (domain: string, rest: Partial<CrmRecord> = {}): CrmRecord =>
  crmRecord('Account', next(), { website: domain, ...rest });
const hubspotCompany = (domain: string, rest: Partial<CrmRecord> = {}): CrmRecord =>
  crmRecord('company', next(), { website: domain, ...rest });
const lead = (domain: string, rest: Partial<CrmRecord> = {}): CrmRecord =>
  crmRecord('Lead', next(), { email: `someone@${domain}`, ...rest });

describe('a company is left out', () => {
  const cases: [name: string, records: (domain: string) => CrmRecord[], because: string | null][] = [
    ['if one of its accounts is a customer’s', (at) => [account(at), account(at, customer)], 'a customer: it says so'],
    ['if either CRM says so', (at) => [account(at), hubspotCompany(at, customer)], 'a customer: it says so'],
    ['by its own record rather than by its people', (at) => [lead(at, optedOut), account(at, customer)], 'a customer: it says so'],
    ['where all people by whom it is known opted out', (at) => [lead(at, optedOut), lead(at, optedOut)], 'opted out of e-mail'],
    ['not while one of them did not', (at) => [lead(at, optedOut), lead(at)], null],
    ['not where it has an account besides', (at) => [lead(at, optedOut), account(at)], null],
    ['not by a record that was deleted', (at) => [account(at), account(at, { ...customer, deleted: true })], null],
    ['not by a lead that was converted', (at) => [account(at), lead(at, { ...customer, convertedTo: '1' })], null],
  ]; // prettier-ignore
  for (const [index, [name, records, because]] of cases.entries())
    test(name, async () => {
      const domain = `case${index}.example`;
      await sync(records(domain));
      assert.equal(await reasonOf(domain), because);
    });

  test('until the record that says so changes, goes, or its connection does', async () => {
    const [changing, going, moving] = ['changing', 'going', 'moving'].map((stem) => `${stem}.example`);
    const [one, two] = [account(String(changing), customer), account(String(going), customer)];
    const three = account(String(moving), customer);
    await sync([one, two, three, lead(String(going))]);
    await sync([hubspotCompany('leaving.example', customer)], 'second');
    await sync([account('leaving.example')]);
    await sync([
      { ...one, signs },
      { ...two, deleted: true },
      { ...three, website: 'moved.example' },
    ]);
    assert.equal(await reasonOf(String(changing)), null);
    assert.ok((await companyOf(String(changing))).dueAt, 'and is due then');
    assert.equal(await reasonOf(String(going)), null);
    assert.equal(await reasonOf(String(moving)), null);
    assert.equal(await reasonOf('moved.example'), 'a customer: it says so');
    assert.equal(await reasonOf('leaving.example'), 'a customer: it says so');
    const second = await open('hubspot', 'second');
    await here.db.inWorkspace(workspaceId, async (tx) => {
      await retireConnection(tx, second);
      await deleteMirror(tx, second);
      await updateExclusionsBy(tx, second);
    });
    assert.equal(await reasonOf('leaving.example'), null);
  });

  test('while a deal of its account is open, wherever the deal moves', async () => {
    const [first, second] = [account('first-deal.example'), account('second-deal.example')];
    await sync([first, second]);
    const deal = { externalId: 'd1', accountId: first.externalId, open: true };
    const reasons = async () => [await reasonOf('first-deal.example'), await reasonOf('second-deal.example')];
    await syncDeals([deal]);
    assert.deepEqual(await reasons(), ['an open deal', null]);
    await syncDeals([{ ...deal, externalId: 'd2' }]);
    await syncDeals([{ ...deal, accountId: second.externalId }]);
    assert.deepEqual(await reasons(), ['an open deal', 'an open deal']);
    await syncDeals([{ ...deal, externalId: 'd2', open: false }]);
    assert.deepEqual(await reasons(), [null, 'an open deal']);
    const { id } = await open('salesforce');
    await here.db.inWorkspace(workspaceId, async (tx) =>
      updateExclusionsOfAccounts(tx, id, await clearDeals(tx, id)),
    );
    assert.deepEqual(await reasons(), [null, null]);
  });

  test('by a deal that was known before its account, and where the account went', async () => {
    const late = account('late-account.example');
    await syncDeals([{ externalId: 'd3', accountId: late.externalId, open: true }]);
    await sync([late]);
    assert.equal(await reasonOf('late-account.example'), 'an open deal');
    await sync([{ ...late, website: 'moved-account.example' }]);
    assert.equal(await reasonOf('late-account.example'), null);
    assert.equal(await reasonOf('moved-account.example'), 'an open deal');
  });
});

describe('what is planned', () => {
  const plan = (rows: readonly { record: CrmRecord; domain: string }[]): Promise<string> =>
    here.db.inWorkspace(workspaceId, async (tx) => {
      const run = await createRun(tx, workspaceId, { kind: 'manual', model: 'gpu' });
      const { id: connectionId } = await ensureConnection(tx, workspaceId, 'salesforce', 'default');
      for (const { record, domain } of rows) {
        const companyId = (await findCompanyByDomain(tx, domain))?.id ?? assert.fail(domain);
        const { object, externalId } = record;
        await insertWrites(tx, run.id, [{ connectionId, object, externalId, companyId, field: 'score', value: 7 }]); // prettier-ignore
      }
      return run.id;
    });
  const states = (runId: string): Promise<unknown[]> =>
    here.db.inWorkspace(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ state: string; reason: string | null }>(
        'select state, reason from writes where run_id = $1 order by id',
        [runId],
      );
      return rows.map(({ state, reason }) => [state, reason]);
    });

  test('for a company is never sent once it is left out', async () => {
    const record = account('planned.example');
    const other = account('other-planned.example');
    await sync([record, other]);
    const runId = await plan([
      { record, domain: 'planned.example' },
      { record: other, domain: 'other-planned.example' },
    ]);
    await sync([{ ...record, ...customer }]);
    assert.deepEqual(await states(runId), [
      ['cancelled', 'Left out before it was sent: a customer: it says so'],
      ['planned', null],
    ]);
  });

  test('for a person is never sent once they opted out, and for the company it is', async () => {
    const [record, person] = [account('persons.example'), lead('persons.example')];
    await sync([record, person]);
    const domain = 'persons.example';
    const runId = await plan([{ record, domain }, { record: person, domain }]); // prettier-ignore
    await sync([{ ...person, ...optedOut }]);
    assert.deepEqual(await states(runId), [
      ['planned', null],
      ['cancelled', 'Left out before it was sent: opted out of e-mail'],
    ]);
  });
});

test('an account without a website is not looked up by its name while somebody is selling to it', async () => {
  const [sold, other] = ['a shop', 'another shop'].map((name) => crmRecord('Account', next(), { name }));
  assert.ok(sold !== undefined && other !== undefined);
  await sync([sold, other]);
  const { id: connectionId } = await open('salesforce');
  const looked = async (): Promise<string[]> => {
    const found = await here.db.inWorkspace(workspaceId, (tx) =>
      listNamesWithoutDomain(tx, connectionId, 1_000),
    );
    return found
      .map(({ externalId }) => externalId)
      .filter((id) => [sold, other].some((row) => row.externalId === id));
  };
  const deal = { externalId: `deal ${next()}`, accountId: sold.externalId };
  await syncDeals([{ ...deal, open: true }]);
  assert.deepEqual(await looked(), [other.externalId]);
  await syncDeals([{ ...deal, open: false }]);
  assert.deepEqual(await looked(), [sold.externalId, other.externalId].toSorted());
});

test('those that are left out are counted by reason and listed page by page', async () => {
  const counts = await here.db.inWorkspace(workspaceId, countExcluded);
  const listed: string[] = [];
  for (let afterDomain = ''; ;) {
    const page = await here.db.inWorkspace(workspaceId, (tx) => listExcluded(tx, { afterDomain, limit: 2 }));
    listed.push(...page.map(({ domain }) => domain));
    if (page.length < 2) break;
    afterDomain = page.at(-1)?.domain ?? '';
  }
  assert.equal(
    listed.length,
    counts.reduce((sum, { companies }) => sum + companies, 0),
  );
  assert.deepEqual(listed, listed.toSorted());
  assert.equal(new Set(listed).size, listed.length);
});
