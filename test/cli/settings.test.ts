import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { FieldKey } from '../../src/connectors/crm-fields.ts';
import { FIELDS } from '../../src/connectors/crm-fields.ts';
import { dumpRecords, editTwin } from '../e2e/twin-records.ts';
import type { TwinRecord } from '../e2e/twin-records.ts';
import { openRows } from '../e2e/faults/observe.ts';
import { writeSmallWorld } from '../harness/small-world.ts';
import { startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

let system: System;
let world: Awaited<ReturnType<typeof writeSmallWorld>>;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let db: Awaited<ReturnType<typeof openRows>>;

before(async () => {
  folder = await makeFolder();
  world = await writeSmallWorld([
    { stem: 'alder', crm: ['salesforce'] },
    { stem: 'birch', crm: ['hubspot'] },
    { stem: 'cedar', crm: ['salesforce', 'hubspot'] },
  ]);
  system = await startSystem({ worldFolder: world.folder });
  db = await openRows(system);
});
after(async () => {
  await db.close();
  await system.close();
  await Promise.all([world.remove(), folder.remove()]);
});

const run = (args: string[], input?: string): Promise<Ran> =>
  runHere(args, { ...system.environment, FIELDNOTE_HOME: folder.path }, input === undefined ? {} : { input });
async function ok(args: string[], input?: string): Promise<Ran> {
  const ended = await run(args, input);
  assert.equal(ended.code, 0, ended.err);
  return ended;
}
const set = (crm: string, document: string | object): Promise<Ran> =>
  run(['connect', crm, '--set', '-'], typeof document === 'string' ? document : JSON.stringify(document));
const stored = async (): Promise<unknown[]> =>
  (await db.rows<{ settings: unknown }>('select settings from connections order by kind')).map(
    (row) => row.settings,
  );
const recordOf = async (object: string, stem: string): Promise<TwinRecord> => {
  const { salesforce, hubspot } = system.sandbox.twins;
  const records = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
  const found = [...records.values()].find(
    (record) => record.object === object && (record.other['Name'] ?? record.other['name']) === stem,
  );
  return found ?? assert.fail(`no ${object} ${stem}`);
};
const mirrored = async (object: string, stem: string): Promise<Record<string, unknown>> =>
  (
    await db.rows<Record<string, unknown>>(
      'select industry, employees, country from records where object = $1 and domain = $2',
      [object, `${stem}.example`],
    )
  )[0] ?? assert.fail(`${stem} was not synced`);

test('connecting tells each permission, what it is for, and how the connection is set', async () => {
  const salesforce = await ok(['connect', 'salesforce', '--install']);
  assert.match(salesforce.out, /Read on Account\.Website\s+yes\s+finding the company's domain/);
  assert.match(salesforce.out, /Read on Opportunity\s+yes\s+leaving out companies that somebody is selling/);
  assert.match(salesforce.out, /Edit on Lead\s+yes\s+writing to Lead records/);
  const hubspot = await ok(['connect', 'hubspot', '--install']);
  assert.match(hubspot.out, /crm\.objects\.contacts\.read\s+yes\s+syncing contacts/);
  for (const { out } of [salesforce, hubspot])
    assert.match(
      out,
      /left out are customers, open deals, people who opted out; fields are read as usual; our fields are written until somebody edits them; 80 % of the day's calls at most; no notes/,
    );
});

describe('a settings document', () => {
  for (const crm of ['salesforce', 'hubspot'])
    for (const form of [[], ['--json']])
      test(`of ${crm} is printed so that it can be put back ${form.join('')}`, async () => {
        const { out } = await ok(['connect', crm, '--show', ...form]);
        const back = await set(crm, out);
        assert.equal(back.code, 0, back.err);
        assert.match(back.out, /^Stored the settings of/);
        assert.doesNotMatch(back.out, /again/);
        assert.deepEqual(await stored(), [{}, {}]);
      });

  const wrong: [name: string, crm: string, document: string, says: RegExp][] = [
    ['a block that nobody knows', 'salesforce', 'reads:\n  Account: {}', /line 1: reads: is not known; there are read, write, exclude, dailyShare, noteOnBandChange/],
    ['an object that the CRM does not have', 'salesforce', 'read:\n  company:\n    industry: Industry', /line 2: read\.company: salesforce has no company; there are Account, Lead, Contact/],
    ['an object that no CRM has', 'hubspot', 'read:\n\n  deal:\n    name: dealname', /line 3: read\.deal: is not known; there are company, contact/],
    ['a meaning that nothing has', 'salesforce', 'read:\n  Account:\n    sector: Industry', /line 3: read\.Account\.sector: is not known; there are name, website, industry, employees, country/],
    ['a meaning that another object has', 'salesforce', 'read:\n  Account:\n    title: Industry', /line 3: read\.Account\.title: is not read of Account; there are name, website, industry/],
    ['a field that is not there', 'salesforce', 'read:\n  Account:\n    industry: Industrie', /line 3: read\.Account\.industry: Account has no field Industrie that we may read; did you mean Industry\?/],
    ['a property that is not there', 'hubspot', '{\n "read": {\n  "company": {\n   "industry": "branche"}}}', /line 4: read\.company\.industry: company has no field branche that we may read \(--fields company lists all \d+\)/],
    ['a yes-or-no field for a number', 'hubspot', 'read: {company: {employees: is_public}}', /line 1: read\.company\.employees: company\.is_public is of type bool and can't be read as employees/],
    ['a list that is no list of names', 'hubspot', 'read: {company: {employees: {field: is_public}}}', /employees: must be the name of a field, a list of up to five, or null for none/],
    ['a field of ours that is none', 'hubspot', 'write:\n  score: always\n  revenue: always', /line 3: write\.revenue: is not known; there are score, band, confidence/],
    ['a policy that is none', 'hubspot', 'write:\n  score: sometimes', /line 2: write\.score: must be one of ours-until-edited, fill-if-empty, always, never/],
    ['a rule for an object of the other CRM', 'salesforce', 'write:\n  company:\n    score: never', /line 2: write\.company: nothing is written to company in salesforce; there are Account, Lead/],
    ['a rule for an object that nothing is written to', 'salesforce', 'write:\n  Contact:\n    score: never', /line 2: write\.Contact: is not known; there are score, .*, Account, Lead$/m],
    ['a rule for a field of an object that is none', 'salesforce', 'write:\n  Lead:\n    Score: never', /line 3: write\.Lead\.Score: is not known; there are score, band/],
    ['a filter without a value', 'salesforce', 'exclude:\n  where:\n    - {object: Lead, field: Status, op: is}', /line 3: exclude\.where\.0\.value: "is" needs a value/],
    ['a filter that compares words by size', 'salesforce', 'exclude:\n  where:\n    - object: Lead\n      field: Status\n      op: more-than\n      value: 3', /line 5: exclude\.where\.0\.op: "more-than" takes a number, and Lead\.Status is of type picklist/],
    ['a filter on a field that is not there', 'salesforce', 'exclude:\n  where:\n    - object: Lead\n      field: Region__c\n      op: is\n      value: APAC', /line 4: exclude\.where\.0\.field: Lead has no field Region__c/],
    ['a share of more than all', 'hubspot', 'dailyShare: 2', /line 1: dailyShare: /],
    ['something that is no document', 'hubspot', 'read: [', /standard input line 1: /],
  ]; // prettier-ignore
  for (const [name, crm, document, says] of wrong)
    test(`is refused with ${name}, and the line is named`, async () => {
      const ended = await set(crm, document);
      assert.equal(ended.code, 1);
      assert.match(ended.err, says);
      assert.deepEqual(await stored(), [{}, {}]);
    });

  test('names every mistake at once', async () => {
    const file = join(folder.path, 'settings.yaml');
    await writeFile(file, 'read:\n  Account:\n    industry: Industrie\n    country: Land\n');
    const ended = await run(['connect', 'salesforce', '--set', file]);
    assert.equal(ended.code, 1);
    assert.ok(ended.err.includes(`${file} line 3: read.Account.industry`), ended.err);
    assert.ok(ended.err.includes(`${file} line 4: read.Account.country`), ended.err);
    assert.match(ended.err, /fix: Nothing was changed/);
  });

  test('can only name fields that are listed', async () => {
    const { out } = await ok(['connect', 'hubspot', '--fields', 'Company']);
    assert.match(out, /numberofemployees\s+Number of employees\s+number/);
    assert.doesNotMatch(out, /fieldnote_/, 'our own results tell nothing of a company');
    const none = await run(['connect', 'hubspot', '--fields', 'Lead']);
    assert.match(none.err, /hubspot has no Lead\n\s+fix: There are company, contact/);
  });
});

describe('a field that is mapped otherwise', () => {
  test('is what the next sync uses, and once', async () => {
    await ok(['sync']);
    assert.deepEqual(await mirrored('Account', 'alder'), { industry: 'Robotics', employees: 100, country: 'Sweden' }); // prettier-ignore
    const [account, company] = [await recordOf('Account', 'alder'), await recordOf('company', 'birch')];
    const { salesforce, hubspot } = system.sandbox.twins;
    await editTwin(salesforce.url, { as: 'rep:Ada', id: account.id, fields: { Description: 'Quarrying' } });
    await editTwin(hubspot.url, { as: 'rep:Ada', object: 'companies', id: company.id, operation: 'update', properties: { founded_year: '51-200' } }); // prettier-ignore
    await ok(['sync']);

    const told = await set('salesforce', 'read:\n  account: {}');
    assert.equal(told.code, 1, 'names of objects are written as the CRM writes them');
    const remapped = await set('salesforce', 'read:\n  Account:\n    industry: [description, Industry]\n    country: null'); // prettier-ignore
    assert.match(remapped.out, /The next sync reads every Account again, since what is read of it changed\./);
    assert.match((await set('hubspot', 'read: {company: {employees: founded_year}}')).out, /every company again/); // prettier-ignore
    const again = await ok(['sync', '--json']);
    assert.deepEqual(await mirrored('Account', 'alder'), { industry: 'Quarrying', employees: 100, country: null }); // prettier-ignore
    // The first of the fields that holds something.
    assert.equal((await mirrored('Account', 'cedar'))['industry'], 'Robotics');
    assert.equal((await mirrored('company', 'birch'))['employees'], 51);
    const [known] = await db.rows<{ industry: string }>("select industry from companies where domain = 'alder.example'"); // prettier-ignore
    assert.equal(known?.industry, 'Quarrying');
    const next = await ok(['sync', '--json']);
    assert.deepEqual(sumOf('changed', next.out), 0);
    assert.ok(sumOf('read', next.out) < sumOf('read', again.out), 'what is read anew is read anew once');

    const { out } = await ok(['connect', 'salesforce', '--show']);
    assert.match(out, /industry:\n\s+- Description\n\s+- Industry/);
    assert.match(out, /country: null/);
  });

  test('stops the sync by name when we may not see it any more, rather than emptying every record', async () => {
    const { salesforce } = system.sandbox.twins;
    await editTwin(salesforce.url, { operation: 'revoke', as: 'administrator', rights: ['read Account.Description'] }); // prettier-ignore
    const ended = await run(['sync']);
    assert.equal(ended.code, 1);
    assert.match(
      ended.out + ended.err,
      /Account has no field Description that the integration user may see, and the connection's settings name it \(industry\)/,
    );
    assert.equal((await mirrored('Account', 'alder'))['industry'], 'Quarrying');
    await editTwin(salesforce.url, { operation: 'revoke', as: 'administrator', rights: [] });
    assert.equal((await set('salesforce', '{}')).code, 0);
    assert.equal((await set('hubspot', '{}')).code, 0);
    await ok(['sync']);
    assert.equal((await mirrored('Account', 'alder'))['industry'], 'Robotics');
  });
});

const Synced = z.array(z.object({ read: z.number(), changed: z.number() }));
const sumOf = (count: 'read' | 'changed', out: string): number =>
  Synced.parse(JSON.parse(out)).reduce((sum, one) => sum + one[count], 0);

const Rehearsal = z.object({
  fields: z.array(
    z.object({
      object: z.string(),
      externalId: z.string(),
      field: z.string(),
      verdict: z.string(),
      reason: z.string().nullable(),
    }),
  ),
});

test('a rule for one object is kept apart from that for all, and what is never written there is not planned', async () => {
  const write = { pitch: 'never', Lead: { pitch: 'ours-until-edited' } };
  assert.equal((await set('salesforce', { write })).code, 0);
  assert.deepEqual(await stored(), [{}, { write }]);
  const { out } = await ok(['connect', 'salesforce', '--show']);
  assert.match(out, /pitch: never[\s\S]*\n {2}Lead:\n {4}pitch: ours-until-edited/);
  assert.match(
    (await ok(['connect', 'salesforce'])).out,
    /written are pitch never, pitch of Lead ours-until-edited/,
  );
  const { fields } = Rehearsal.parse(JSON.parse((await ok(['run', '--dry-run', '--json'])).out));
  const written = new Set(fields.filter(({ field }) => field === 'pitch').map(({ object }) => object));
  assert.deepEqual([written.has('Account'), written.has('company')], [false, true]);
  assert.equal((await set('salesforce', '')).code, 0);
});

test('each of our fields is written as its policy says, in the rehearsal and in both CRMs', async () => {
  const { salesforce, hubspot } = system.sandbox.twins;
  const typed: Partial<Record<FieldKey, string>> = {
    why: 'Call in May',
    model: 'typed by hand',
    pitchLink: 'https://old.example/',
    confidence: '3',
  };
  const named = (name: 'salesforceName' | 'hubspotName'): Record<string, string> =>
    Object.fromEntries(
      FIELDS.flatMap((field) => (typed[field.key] === undefined ? [] : [[field[name], typed[field.key] ?? '']])), // prettier-ignore
    );
  const [account, company] = [await recordOf('Account', 'alder'), await recordOf('company', 'birch')];
  await editTwin(salesforce.url, { as: 'rep:Ada', id: account.id, fields: { ...named('salesforceName'), Fieldnote_Confidence__c: 3 } }); // prettier-ignore
  await editTwin(hubspot.url, { as: 'rep:Ada', object: 'companies', id: company.id, operation: 'update', properties: named('hubspotName') }); // prettier-ignore
  const write = { model: 'fill-if-empty', pitchLink: 'always', confidence: 'never' };
  for (const crm of ['salesforce', 'hubspot']) assert.equal((await set(crm, { write })).code, 0);

  const { fields } = Rehearsal.parse(JSON.parse((await ok(['run', '--dry-run', '--json'])).out));
  for (const { id } of [account, company]) {
    const verdict = (field: FieldKey): string | undefined =>
      fields.find((one) => one.externalId === id && one.field === field)?.verdict;
    assert.deepEqual(
      [verdict('score'), verdict('why'), verdict('model'), verdict('pitchLink'), verdict('confidence')],
      ['would-apply', 'would-conflict', 'unchanged', 'would-apply', undefined],
    );
  }
  await ok(['run']);
  for (const [object, stem] of [
    ['Account', 'alder'],
    ['company', 'birch'],
  ] as const) {
    const { ours } = await recordOf(object, stem);
    assert.deepEqual([ours.why, ours.model, ours.confidence], [typed.why, typed.model, '3']);
    assert.match(ours.pitchLink ?? '', new RegExp(`/companies/${stem}\\.example/pitch$`));
    assert.ok(Number(ours.score) > 0);
  }
  for (const object of ['Account', 'company']) {
    const { ours } = await recordOf(object, 'cedar');
    assert.ok(ours.why && ours.model && ours.pitchLink);
    assert.equal(ours.confidence, undefined);
  }
  const { out } = await ok(['connect', 'hubspot']);
  assert.match(out, /written are confidence never, pitchLink always, model fill-if-empty/);

  for (const crm of ['salesforce', 'hubspot']) assert.equal((await set(crm, '')).code, 0);
  await ok(['run']);
  assert.ok(Number((await recordOf('Account', 'cedar')).ours.confidence) > 0);
  // What a person typed stays.
  assert.equal((await recordOf('company', 'birch')).ours.confidence, '3');
});
