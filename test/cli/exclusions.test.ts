import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { openRows } from '../e2e/faults/observe.ts';
import { dumpRecords, editTwin, readCalls } from '../e2e/twin-records.ts';
import type { TwinRecord } from '../e2e/twin-records.ts';
import { writeSmallWorld } from '../harness/small-world.ts';
import { startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

/** Why each company is left out; null: it is not. */
const REASONS: Record<string, string | null> = {
  // A customer in HubSpot; Salesforce does not know.
  both: 'a customer: lifecyclestage is customer',
  buyer: 'a customer: Type is Customer - Direct',
  client: 'a customer: lifecyclestage is customer',
  dealing: 'an open deal',
  // Known through a lead alone, who wants no e-mail.
  optout: 'opted out of e-mail',
  region: 'your filter: BillingCountry is Australia or New Zealand',
  selling: 'an open deal',
  // One of its two leads wants no e-mail: the company is researched.
  partly: null,
  plain: null,
};
const LEFT_OUT = Object.keys(REASONS).filter((stem) => REASONS[stem] !== null);
const TAKEN = Object.keys(REASONS).filter((stem) => REASONS[stem] === null);
const lead = (key: string, stem: string): object => ({
  crm: 'salesforce',
  object: 'Lead',
  key,
  first_name: 'Ida',
  last_name: key,
  company: stem,
  email: `${key}@${stem}.example`,
  title: 'CTO',
});

let system: System;
let world: Awaited<ReturnType<typeof writeSmallWorld>>;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let db: Awaited<ReturnType<typeof openRows>>;

const run = (args: string[], input?: string): Promise<Ran> =>
  runHere(args, { ...system.environment, FIELDNOTE_HOME: folder.path }, input === undefined ? {} : { input });
async function ok(args: string[], input?: string): Promise<Ran> {
  const ended = await run(args, input);
  assert.equal(ended.code, 0, ended.err);
  return ended;
}
async function records(): Promise<TwinRecord[]> {
  const { salesforce, hubspot } = system.sandbox.twins;
  return [...(await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url })).values()];
}
/** The record of an object that names the domain, or the address. */
async function find(object: TwinRecord['object'], name: string): Promise<TwinRecord> {
  const found = (await records()).find(
    (record) => record.object === object && Object.values(record.other).some((value) => value.includes(name)),
  );
  return found ?? assert.fail(`no ${object} ${name}`);
}
const inSalesforce = async (object: 'Account' | 'Lead', name: string, fields: object): Promise<unknown> =>
  editTwin(system.sandbox.twins.salesforce.url, { as: 'rep:Ada', id: (await find(object, name)).id, fields });
const inHubspot = async (stem: string, operation: object): Promise<unknown> =>
  editTwin(system.sandbox.twins.hubspot.url, {
    object: 'companies',
    id: (await find('company', `${stem}.example`)).id,
    ...operation,
  });
const stage = (lifecyclestage: string): object => ({ as: 'rep:Ada', operation: 'update', properties: { lifecyclestage } }); // prettier-ignore
const openDeals = (count: string): object => ({ operation: 'calculate', properties: { hs_num_open_deals: count } }); // prettier-ignore

let deal = '';
before(async () => {
  folder = await makeFolder();
  world = await writeSmallWorld(
    [
      { stem: 'both', crm: ['salesforce', 'hubspot'] },
      { stem: 'buyer', crm: ['salesforce'] },
      { stem: 'client', crm: ['hubspot'] },
      { stem: 'dealing', crm: ['salesforce'] },
      { stem: 'optout', crm: [] },
      { stem: 'partly', crm: [] },
      { stem: 'plain', crm: ['salesforce', 'hubspot'] },
      { stem: 'region', crm: ['salesforce'], country: 'Australia' },
      { stem: 'selling', crm: ['hubspot'] },
    ],
    [lead('gone', 'optout'), lead('quiet', 'partly'), lead('open', 'partly')],
  );
  system = await startSystem({ worldFolder: world.folder });
  db = await openRows(system);
  const { salesforce } = system.sandbox.twins;
  await inSalesforce('Account', 'buyer.example', { Type: 'Customer - Direct' });
  await inHubspot('client', stage('customer'));
  await inHubspot('both', stage('customer'));
  await inHubspot('selling', openDeals('2'));
  await inSalesforce('Lead', 'gone@', { HasOptedOutOfEmail: true });
  await inSalesforce('Lead', 'quiet@', { HasOptedOutOfEmail: true });
  const opportunity = { Name: 'Pilot', StageName: 'Prospecting', CloseDate: '2027-01-31' };
  const { id: AccountId } = await find('Account', 'dealing.example');
  const made = await editTwin(salesforce.url, { operation: 'create', as: 'rep:Ada', object: 'Opportunity', records: [{ ...opportunity, AccountId }] }); // prettier-ignore
  deal = z.object({ ids: z.array(z.string()) }).parse(made).ids[0] ?? '';
  await ok(['connect', 'salesforce', '--install']);
  await ok(['connect', 'hubspot', '--install']);
  const filter = {
    object: 'Account',
    field: 'BillingCountry',
    op: 'is',
    value: ['Australia', 'New Zealand'],
  };
  await ok(['connect', 'salesforce', '--set', '-'], JSON.stringify({ exclude: { where: [filter] } }));
});
after(async () => {
  await db.close();
  await system.close();
  await Promise.all([world.remove(), folder.remove()]);
});

const reasons = async (): Promise<Record<string, string | null>> =>
  Object.fromEntries(
    (
      await db.rows<{ domain: string; because: string | null }>(
        'select domain, excluded_because as because from companies order by domain',
      )
    ).map(({ domain, because }) => [domain.replace('.example', ''), because]),
  );
/** Stems of the companies on whose records something of ours stands. */
const written = async (): Promise<Set<string>> =>
  new Set(
    (await records()).flatMap(({ ours }) =>
      ours.pitchLink === undefined ? [] : [/companies\/(\w+)\.example/.exec(ours.pitchLink)?.[1] ?? '?'],
    ),
  );
const asked = async (): Promise<string> => {
  const { tavily, web } = system.sandbox.twins;
  return JSON.stringify([await readCalls(tavily.url), await readCalls(web.url)]);
};

test('companies that are left out cost no search, no page, no model and no write', async () => {
  const { out } = await ok(['run']);
  assert.deepEqual(await reasons(), REASONS);
  const calls = await asked();
  for (const stem of TAKEN) assert.ok(calls.includes(`${stem}.example`), stem);
  for (const stem of LEFT_OUT) assert.ok(!calls.includes(`${stem}.example`), stem);
  assert.deepEqual(await written(), new Set(TAKEN));
  const paid = await db.rows<{ domain: string }>(
    'select distinct c.domain from usage u join companies c on c.id = u.company_id order by 1',
  );
  assert.deepEqual(
    paid.map(({ domain }) => domain),
    TAKEN.map((stem) => `${stem}.example`),
  );
  assert.match(out, /2 scored, 0 without enough evidence, 0 failed, of 2 companies/);
  assert.match(
    out,
    /Left out: 2 a customer: lifecyclestage is customer, 2 an open deal, 1 a customer: Type is Customer - Direct, 1 opted out of e-mail, 1 your filter: BillingCountry is Australia or New Zealand/,
  );
});

test('one that a person names is counted as left out, and costs no more than the others', async () => {
  const before = await asked();
  const file = join(folder.path, 'left-out.txt');
  await writeFile(file, `${LEFT_OUT[0]}.example\n`);
  const { out } = await ok(['run', '--domains', file]);
  assert.match(
    out,
    /0 scored, 0 without enough evidence, 1 left out, 0 failed, of 1 companies in \d+:\d+ *\n/,
  );
  assert.equal(await asked(), before);
});

test('a person who opted out is written nothing, though the company is researched for another', async () => {
  assert.deepEqual((await find('Lead', 'quiet@')).ours, {});
  assert.ok((await find('Lead', 'open@')).ours.score);
});

test('an export names each of them with its reason', async () => {
  const { out } = await ok(['export', '--format', 'json']);
  const rows = out
    .trim()
    .split('\n')
    .map((line) =>
      z
        .object({ domain: z.string(), status: z.string(), why: z.string().nullable() })
        .parse(JSON.parse(line)),
    );
  const excluded = rows.filter(({ status }) => status === 'excluded');
  assert.deepEqual(
    Object.fromEntries(excluded.map(({ domain, why }) => [domain.replace('.example', ''), why])),
    Object.fromEntries(LEFT_OUT.map((stem) => [stem, REASONS[stem]])),
  );
});

test('scoring one by name is refused with the reason', async () => {
  const ended = await run(['score', 'buyer.example']);
  assert.equal(ended.code, 1);
  assert.match(ended.err, /buyer\.example is left out: a customer: Type is Customer - Direct\n\s+fix: /);
  assert.ok(!(await asked()).includes('buyer.example'));
});

test('each is taken up again when its reason is gone', async () => {
  const { salesforce } = system.sandbox.twins;
  await inSalesforce('Account', 'buyer.example', { Type: 'Prospect' });
  await editTwin(salesforce.url, { as: 'rep:Ada', id: deal, fields: { StageName: 'Closed Lost' } });
  await inHubspot('selling', openDeals('0'));
  await inSalesforce('Lead', 'gone@', { HasOptedOutOfEmail: false });
  await inHubspot('both', stage('other'));
  await ok(['run']);
  const still: typeof REASONS = {
    ...REASONS,
    buyer: null,
    dealing: null,
    selling: null,
    optout: null,
    both: null,
  };
  assert.deepEqual(await reasons(), still);
  const taken = Object.keys(still).filter((stem) => still[stem] === null);
  assert.deepEqual(await written(), new Set(taken));
});

test('and when the connection is set otherwise', async () => {
  const told = await ok(['connect', 'hubspot', '--set', '-'], JSON.stringify({ exclude: { customers: false } })); // prettier-ignore
  assert.match(told.out, /reads every company, every contact again/);
  await ok(['connect', 'salesforce', '--set', '-'], '{}');
  await ok(['run']);
  assert.deepEqual(new Set(Object.values(await reasons())), new Set([null]));
  assert.deepEqual(await written(), new Set(Object.keys(REASONS)));
});

test('what was written before a company is left out stays and is not written again', async () => {
  const before = (await find('Account', 'buyer.example')).ours;
  await inSalesforce('Account', 'buyer.example', { Type: 'Customer - Channel', NumberOfEmployees: 4000 });
  const { out } = await ok(['run', '--refresh']);
  assert.match(out, /Left out: 1 a customer: Type is Customer - Channel/);
  assert.deepEqual((await find('Account', 'buyer.example')).ours, before);
});

test('deals that we may not see are said, and leave nobody out', async () => {
  const { salesforce } = system.sandbox.twins;
  await editTwin(salesforce.url, { as: 'rep:Ada', id: deal, fields: { StageName: 'Negotiation/Review' } });
  await editTwin(salesforce.url, { operation: 'revoke', as: 'administrator', rights: ['read Opportunity'] });
  const synced = await ok(['sync']);
  assert.match(synced.out + synced.err, /Opportunity can't be read, so companies with an open deal are not left out/); // prettier-ignore
  const connected = await run(['connect', 'salesforce']);
  assert.equal(connected.code, 1);
  assert.match(connected.out, /Read on Opportunity\s+NO\s+leaving out companies that somebody is selling/);
  await editTwin(salesforce.url, { operation: 'revoke', as: 'administrator', rights: [] });
  await ok(['sync']);
  assert.equal((await reasons())['dealing'], 'an open deal');
});
