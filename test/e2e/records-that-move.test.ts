import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { App } from '../../src/app.ts';
import { requestFlushes } from '../../src/pipeline/runs.ts';
import { listFailedWrites } from '../../src/pipeline/store/writes-failed.ts';
import { writeSmallWorld } from '../harness/small-world.ts';
import { connectAndSync, runToEnd, startSystem, syncAll } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { until } from './faults/observe.ts';
import { dumpRecords, editTwin } from './twin-records.ts';
import type { TwinRecord } from './twin-records.ts';

let world: Awaited<ReturnType<typeof writeSmallWorld>>;
let system: System;
let app: App;
before(async () => {
  const lead = { crm: 'salesforce', object: 'Lead', first_name: 'Ida', last_name: 'Holm', title: 'CTO' };
  world = await writeSmallWorld(
    [
      { stem: 'converted', crm: [] },
      { stem: 'homeless', crm: ['salesforce', 'hubspot'] },
    ],
    [{ ...lead, key: 'ida', company: 'converted', email: 'ida@converted.example' }],
  );
  // Without a search no name is looked up: a record without a website stays without a company.
  system = await startSystem({ worldFolder: world.folder, environment: { TAVILY_API_KEY: '' } });
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  await runToEnd(app);
});
after(async () => {
  await system.close();
  await world.remove();
});

const twins = (): { salesforce: string; hubspot: string } => {
  const { salesforce, hubspot } = system.sandbox.twins;
  return { salesforce: salesforce.url, hubspot: hubspot.url };
};
const records = (): Promise<Map<string, TwinRecord>> => dumpRecords(twins());
const query = <Row extends Record<string, unknown>>(text: string): Promise<Row[]> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => (await tx.query<Row>(text)).rows);
/** Until everything planned is settled. */
async function settle(): Promise<void> {
  const open = `select 1 as one from writes where state in ('planned', 'sending')`;
  await requestFlushes(app, app.workspaceId);
  await until('everything planned is settled', async () => (await query(open)).length === 0);
}

test('a lead that is converted: its account is filled soon, the company keeps its history, the lead is written no more', async () => {
  const [lead] = [...(await records()).values()].filter(({ object }) => object === 'Lead');
  assert.ok(lead?.ours.score);
  const history = (): Promise<{ extractions: number; sources: number }[]> =>
    query(`select (select count(*) from extractions e where e.company_id = c.id) as extractions,
      (select count(*) from sources s where s.company_id = c.id) as sources
      from companies c where domain = 'converted.example'`);
  const [before] = await history();
  const due = `select domain from companies where due_at <= now()`;
  assert.deepEqual(await query(due), []);

  // A minute later: what the conversion touches is not of the second in which we wrote.
  system.sandbox.twins.salesforce.kit.clock.set(60_000);
  const answer = await editTwin(twins().salesforce, { operation: 'convert', as: 'rep:Ada', id: lead.id });
  const { accountId } = z.object({ accountId: z.string() }).parse(answer);
  await syncAll(app);
  assert.deepEqual(await query(due), [{ domain: 'converted.example' }]);
  assert.equal((await runToEnd(app, { kind: 'scheduled', dueOnly: true })).failed, 0);

  const now = await records();
  assert.deepEqual(now.get(`Account/${accountId}`)?.ours.score, lead.ours.score);
  assert.deepEqual(now.get(`Lead/${lead.id}`)?.ours, lead.ours);
  assert.deepEqual(await history(), [before], 'nothing was read again');
  assert.deepEqual((await app.db.inWorkspace(app.workspaceId, (tx) => listFailedWrites(tx))).failed, []);
  assert.deepEqual(await query(due), []);
});

test('a website that the integration user may not see any more takes no record from its company, and none of our values', async () => {
  const { salesforce } = system.sandbox.twins;
  const [account] = [...(await records()).values()].filter(
    ({ object, other }) =>
      object === 'Account' && Object.values(other).some((value) => value.includes('homeless.example')),
  );
  assert.ok(account?.ours.score);
  salesforce.kit.clock.set(90_000);
  await editTwin(salesforce.url, { as: 'rep:Ada', id: account.id, fields: { Industry: 'Farming' } });
  const hide = (rights: string[]) =>
    editTwin(salesforce.url, { operation: 'revoke', as: 'administrator', rights });
  const mirrored = () =>
    query(
      `select company_id is not null as known, industry from records where external_id = '${account.id}'`,
    );
  await hide(['read Account.Website']);
  // What an org's objects are like is known for ten minutes: this one asks first.
  const newcomer = await system.openApp({ worker: false });
  await assert.rejects(syncAll(newcomer), /may not see Account\.Website/);
  assert.deepEqual(await query(`select id from writes where state = 'planned'`), []);
  assert.equal((await mirrored())[0]?.['known'], true);
  await hide([]);
  await syncAll(app);
  assert.deepEqual(await mirrored(), [{ known: true, industry: 'Farming' }]);
});

test('a record whose website is removed belongs to no company: what is ours on it is emptied after a while, not what a person edited', async () => {
  const found = [...(await records()).values()].filter(({ other }) =>
    Object.values(other).some((value) => value.includes('homeless.example')),
  );
  const account = found.find(({ object }) => object === 'Account');
  const company = found.find(({ object }) => object === 'company');
  assert.ok(account?.ours.score && company?.ours.score);
  system.sandbox.twins.salesforce.kit.clock.set(120_000);
  await editTwin(twins().salesforce, { as: 'rep:Ada', id: account.id, fields: { Website: null, Fieldnote_Pitch__c: 'mine' } }); // prettier-ignore
  await syncAll(app);
  await requestFlushes(app, app.workspaceId);
  const waiting = await query(`select field from writes where state = 'planned' and not_before > now()`);
  assert.equal(waiting.length, Object.keys(account.ours).length, 'there is time to put it right');
  await query('update writes set not_before = null');
  await settle();

  const now = await records();
  assert.deepEqual(now.get(`Account/${account.id}`)?.ours, { pitch: 'mine' });
  assert.deepEqual(
    now.get(`company/${company.id}`)?.ours,
    company.ours,
    'HubSpot’s record still has its website',
  );
  const [row] = await query(
    `select company_id, skipped_because from records where external_id = '${account.id}'`,
  );
  assert.deepEqual([row?.company_id, row?.skipped_because], [null, 'no website']);
  await syncAll(app);
  await settle();
  assert.deepEqual(await records(), now, 'and nothing more happens');
});
