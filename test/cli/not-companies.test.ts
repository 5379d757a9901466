import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { startSalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import type { SalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import { dumpRecords, editTwin, readCalls } from '../e2e/twin-records.ts';
import { writeSmallWorld } from '../harness/small-world.ts';
import { startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';

let system: System;
let salesforce: SalesforceTwin;
let world: Awaited<ReturnType<typeof writeSmallWorld>>;
let folder: Awaited<ReturnType<typeof makeFolder>>;

before(async () => {
  folder = await makeFolder();
  world = await writeSmallWorld([{ stem: 'alder', crm: ['salesforce', 'hubspot'] }]);
  system = await startSystem({ worldFolder: world.folder });
  salesforce = await startSalesforceTwin({
    world: system.sandbox.world,
    journalFile: null,
    clientId: system.environment['SALESFORCE_CLIENT_ID'] ?? '',
    clientSecret: system.environment['SALESFORCE_CLIENT_SECRET'] ?? '',
    adminClientId: system.environment['SALESFORCE_ADMIN_CLIENT_ID'] ?? '',
    adminClientSecret: system.environment['SALESFORCE_ADMIN_CLIENT_SECRET'] ?? '',
    personAccounts: true,
  });
});
after(async () => {
  await salesforce.close();
  await system.close();
  await Promise.all([world.remove(), folder.remove()]);
});

async function ok(...args: string[]): Promise<string> {
  const env = {
    ...system.environment,
    SALESFORCE_LOGIN_URL: salesforce.url,
    FIELDNOTE_HOME: folder.path,
  };
  const { code, out, err } = await runHere(args, env);
  assert.equal(code, 0, err);
  return out;
}

const Made = z.object({ ids: z.array(z.string()) });
const Id = z.object({ id: z.string() });

test('person accounts and HubSpot leads are said to be skipped, are not researched, and are written nothing', async () => {
  const { hubspot, tavily } = system.sandbox.twins;
  const person = { Name: 'Eva Lind', IsPersonAccount: true, Website: 'https://eva-lind.example' };
  const made = await editTwin(salesforce.url, { operation: 'create', as: 'rep:Ada', object: 'Account', records: [person] }); // prettier-ignore
  const [personId = assert.fail()] = Made.parse(made).ids;
  // The address at work tells of their employer, with whom nobody here has to do through them.
  const own = { FirstName: 'Eva', LastName: 'Lind', Title: 'Head of Infrastructure', Email: 'eva.lind@alder.example', AccountId: personId, IsPersonAccount: true }; // prettier-ignore
  const [contactId = assert.fail()] = Made.parse(
    await editTwin(salesforce.url, { operation: 'create', as: 'rep:Ada', object: 'Contact', records: [own] }),
  ).ids;
  const records = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
  const company = [...records.values()].find(({ object }) => object === 'company') ?? assert.fail();
  const properties = { hs_lead_name: 'Alder, robots' };
  const lead = Id.parse(await editTwin(hubspot.url, { operation: 'create', as: 'rep:Ada', object: 'leads', properties })); // prettier-ignore
  await editTwin(hubspot.url, { operation: 'associate', as: 'rep:Ada', object: 'leads', id: lead.id, to: { object: 'companies', id: company.id } }); // prettier-ignore

  assert.match(
    await ok('connect', 'salesforce', '--install'),
    /1 account is a person account: a person, no company to research; skipped, and nothing is written there/,
  );
  assert.match(
    await ok('connect', 'hubspot', '--install'),
    /HubSpot's leads \(0-136\) are not read, and nothing is written to them: each belongs to a contact or company, which are/,
  );
  const report = await ok('run');
  assert.match(report, /1 scored, 0 without enough evidence, 0 failed, of 1 companies/);
  assert.doesNotMatch(await ok('score', 'alder.example', '--json'), /Eva Lind/);
  assert.match(
    report,
    /Rows that lead to no company: 2\n {2}1 a person account: no company to research\n {2}1 a person account’s own contact: no company to research/,
  );
  const [header, ...rows] = (await ok('export', '--skipped')).trim().split('\n');
  assert.equal(header, '"crm","connection","object","record","name","because"');
  assert.deepEqual(rows, [
    `"salesforce","default","Account","${personId}","Eva Lind","a person account: no company to research"`,
    `"salesforce","default","Contact","${contactId}","Eva Lind","a person account’s own contact: no company to research"`,
  ]);
  assert.ok(!JSON.stringify(await readCalls(tavily.url)).includes('eva-lind'));
  const written = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
  assert.deepEqual(written.get(`Account/${personId}`)?.ours, {});
  assert.ok(
    written.get(`company/${company.id}`)?.ours.score,
    'the company that the lead belongs to is written',
  );
  const touched = (await readCalls(hubspot.url)).filter(({ path }) => /leads|0-136/.test(path));
  assert.deepEqual(touched, []);
});
