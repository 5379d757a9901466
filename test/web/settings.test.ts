import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseHTML } from 'linkedom';
import type { App } from '../../src/app.ts';
import { countExcluded } from '../../src/pipeline/store/exclusions.ts';
import { listModels } from '../../src/pipeline/6-pitch/choose-model.ts';
import { createWebServer } from '../../src/web/server.ts';
import type { WebServer } from '../../src/web/server.ts';
import { openRows, setFaults } from '../e2e/faults/observe.ts';
import { dumpRecords, editTwin } from '../e2e/twin-records.ts';
import { runHere } from '../cli/run-here.ts';
import { writeSmallWorld } from '../harness/small-world.ts';
import { connectAndSync, startSystem, syncAll } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

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

let world: Awaited<ReturnType<typeof writeSmallWorld>>;
let system: System;
let app: App;
let server: WebServer;
let base: string;
let path: string;
let db: Awaited<ReturnType<typeof openRows>>;

const idOf = async (object: string, name: string): Promise<string> => {
  const { salesforce, hubspot } = system.sandbox.twins;
  const records = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
  const found = [...records.values()].find(
    (record) => record.object === object && Object.values(record.other).some((value) => value.includes(name)),
  );
  return found?.id ?? assert.fail(`no ${object} ${name}`);
};
const edit = async (object: string, name: string, fields: object): Promise<unknown> =>
  editTwin(system.sandbox.twins.salesforce.url, { as: 'rep:Ada', id: await idOf(object, name), fields });

before(async () => {
  world = await writeSmallWorld(
    [
      { stem: 'buyer', crm: ['salesforce'] },
      { stem: 'dealing', crm: ['salesforce'] },
      { stem: 'known', crm: [] },
      { stem: 'optout', crm: [] },
      { stem: 'plain', crm: ['salesforce', 'hubspot'] },
      { stem: 'region', crm: ['salesforce'], country: 'Australia' },
    ],
    [lead('gone', 'optout'), lead('away', 'known'), lead('private', 'gmail')],
  );
  system = await startSystem({ worldFolder: world.folder });
  await edit('Account', 'buyer.example', { Type: 'Customer - Direct', Description: 'Quarrying' });
  await edit('Lead', 'gone@', { HasOptedOutOfEmail: true });
  await edit('Lead', 'away@', { HasOptedOutOfEmail: true });
  await edit('Lead', 'private@', { Email: 'ida@gmail.com', Website: null });
  await editTwin(system.sandbox.twins.salesforce.url, {
    operation: 'create',
    as: 'rep:Ada',
    object: 'Opportunity',
    records: [{ Name: 'Pilot', StageName: 'Prospecting', CloseDate: '2027-01-31', AccountId: await idOf('Account', 'dealing.example') }],
  }); // prettier-ignore
  db = await openRows(system);
  await editTwin(system.sandbox.twins.hubspot.url, {
    operation: 'create',
    as: 'rep:Ada',
    object: 'companies',
    properties: { name: 'known', domain: 'known.example' },
  });
  app = await system.openApp({ worker: false });
  server = createWebServer({
    ...app,
    textModels: listModels(app.connectors.textModel),
    monthlyBudgetUsd: null,
    host: '127.0.0.1',
    publicUrl: 'http://127.0.0.1:3000',
  });
  base = `http://127.0.0.1:${(await server.listen(0, '127.0.0.1')).port}`;
  await connectAndSync(app);
  const salesforce =
    app.connections.find(({ kind }) => kind === 'salesforce') ?? assert.fail('no connection');
  path = `/settings/${salesforce.id}`;
});
after(async () => {
  await server.close(1_000);
  await db.close();
  await system.close();
  await world.remove();
});

/** A page as a browser holds it: its form can be filled in and sent. */
type Page = { status: number; text: string; fields: [name: string, value: string][]; cookie: string };

function open(status: number, html: string, cookie: string): Page {
  const { document } = parseHTML(html);
  const fields: Page['fields'] = [];
  for (const field of document.querySelectorAll('form input, form select, form textarea')) {
    const name = field.getAttribute('name') ?? '';
    if (field.localName === 'input' && field.getAttribute('type') === 'checkbox') {
      if (field.hasAttribute('checked')) fields.push([name, field.getAttribute('value') ?? 'on']);
    } else if (field.localName === 'select') {
      const chosen = field.querySelector('option[selected]') ?? field.querySelector('option');
      fields.push([name, chosen?.getAttribute('value') ?? '']);
    } else fields.push([name, field.getAttribute('value') ?? field.textContent ?? '']);
  }
  // Cells that stand side by side are words of their own.
  const spaced = parseHTML(html.replaceAll('<', ' <')).document;
  const text = (spaced.querySelector('main')?.textContent ?? '').replaceAll(/\s+/g, ' ');
  return { status, text, fields, cookie };
}

async function visit(at: string = path): Promise<Page> {
  const response = await fetch(`${base}${at}`);
  const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
  return open(response.status, await response.text(), cookie);
}

/** Presses a button of the page after filling in `values`; null unticks a box. Follows where it is sent on to. */
async function press(
  page: Page,
  action: 'check' | 'save',
  values: Record<string, string | string[] | null> = {},
): Promise<Page> {
  const kept = page.fields.filter(([name]) => !(name in values));
  const typed = Object.entries(values).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((one): [string, string] => [name, one]),
  );
  const response = await send([...kept, ...typed, ['action', action]], page.cookie);
  if (response.status === 303) return visit(response.headers.get('location') ?? '');
  return open(response.status, await response.text(), page.cookie);
}

const send = (
  fields: [string, string][],
  cookie: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`${base}${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
    headers: { cookie, origin: base, 'sec-fetch-site': 'same-origin', ...headers },
  });

const valueOf = ({ fields }: Page, name: string): string | undefined =>
  fields.find(([each]) => each === name)?.[1];
const stored = async (): Promise<unknown> => {
  const [row] = await db.rows<{ settings: unknown }>("select settings from connections where kind = 'salesforce'"); // prettier-ignore
  return row?.settings;
};
/** Back to what is usual, whoever changed it. */
async function reset(): Promise<void> {
  const { code, err } = await runHere(['connect', 'salesforce', '--set', '-'], system.environment, { input: '{}' }); // prettier-ignore
  assert.equal(code, 0, err);
}

test('the settings of every connection are a page away, with the fields that the CRM has now and their types', async () => {
  const list = await visit('/settings');
  assert.match(list.text, /Salesforce default active/);
  assert.match(list.text, /HubSpot default active/);
  const page = await visit();
  assert.equal(valueOf(page, 'read.Account.industry'), 'Industry');
  assert.equal(valueOf(page, 'write.pitch'), 'ours-until-edited');
  assert.equal(valueOf(page, 'exclude.customers'), 'yes');
  assert.equal(valueOf(page, 'dailyShare'), '80');
  assert.match(page.text, /Industry · picklist/);
  assert.match(page.text, /All \d+ fields of Lead .*NumberOfEmployees Employees int/);
  assert.equal((await visit('/settings/099fa7fd-e8c9-43d3-b12a-3f1ace0f0a69')).status, 404);
});

test('a field that is mapped on the page is what the next sync reads, and the company shows it', async () => {
  const industry = async (): Promise<string> => (await visit('/companies/buyer.example')).text;
  assert.match(await industry(), /Robotics/);
  const saved = await press(await visit(), 'save', {
    'read.Account.industry': ['description', 'Industry'],
    'write.pitch': 'fill-if-empty',
    noteOnBandChange: 'yes',
    dailyShare: '65.5',
  });
  assert.match(saved.text, /Stored\. The next sync reads every Account again/);
  assert.deepEqual(await stored(), {
    // As the CRM writes it.
    read: { Account: { industry: ['Description', 'Industry'] } },
    write: { pitch: 'fill-if-empty' },
    dailyShare: 0.655,
    noteOnBandChange: true,
  });
  assert.deepEqual(saved.fields.flatMap(([name, value]) => (name === 'read.Account.industry' ? value : [])), ['Description', 'Industry', '']); // prettier-ignore
  const shown = await runHere(['connect', 'salesforce', '--show'], system.environment);
  assert.match(shown.out, /industry:\n\s+- Description\n\s+- Industry[\s\S]*pitch: fill-if-empty[\s\S]*dailyShare: 0\.655/); // prettier-ignore
  await syncFresh();
  assert.match(await industry(), /Quarrying/);
  await reset();
  await syncFresh();
  assert.match(await industry(), /Robotics/);
});

/** A sync by an app that reads the settings anew, as a worker does. */
async function syncFresh(): Promise<void> {
  await syncAll(await system.openApp({ worker: false }));
}

describe('what does not fit is refused with the reason, and what was typed stays on the page', () => {
  const wrong: [values: Record<string, string | string[] | null>, says: RegExp][] = [
    [{ 'read.Account.industry': 'Industrie' }, /Account: Industry Account has no field Industrie that we may read; did you mean Industry\?/],
    [{ 'read.Lead.employees': 'HasOptedOutOfEmail' }, /Lead\.HasOptedOutOfEmail is of type boolean and can't be read as employees/],
    [{ 'read.Account.name': ['a', 'b', 'c', 'd', 'e', 'f'] }, /Account: Name must be the name of a field, a list of up to five/],
    [{ 'read.Account.name': '"><script>alert(1)</script>' }, /Account: Name/],
    [{ 'write.score': 'sometimes' }, /Fieldnote Score, when it is written must be one of ours-until-edited/],
    [{ dailyShare: '180' }, /Share of the day's calls/],
    [{ dailyShare: 'most' }, /Share of the day's calls must be a number/],
    [{ 'where.0.field': 'Lead.Status', 'where.0.op': 'more-than', 'where.0.value': '3' }, /filter 1 "more-than" takes a number, and Lead\.Status is of type picklist/],
    [{ 'where.0.field': 'Lead.Status', 'where.0.op': 'is', 'where.0.value': '' }, /filter 1 "is" needs a value/],
    [{ 'where.0.field': 'Region', 'where.0.op': 'is', 'where.0.value': 'x' }, /filter 1 must be one of Account, Lead/],
  ]; // prettier-ignore
  for (const [values, says] of wrong)
    test(JSON.stringify(values), async () => {
      for (const action of ['check', 'save'] as const) {
        const page = await press(await visit(), action, values);
        assert.equal(page.status, 422);
        assert.match(page.text, says);
        assert.match(page.text, /Nothing was stored/);
        for (const [name, value] of Object.entries(values))
          if (typeof value === 'string' && value !== 'sometimes' && value !== '')
            assert.equal(valueOf(page, name), value);
      }
      assert.deepEqual(await stored(), {});
    });
});

test('how many companies each exclusion would leave out is shown before it is stored, and the sync leaves out as many', async () => {
  const filter = { 'where.0.field': 'Account.BillingCountry', 'where.0.op': 'is', 'where.0.value': 'new zealand\nAustralia' }; // prettier-ignore
  const first = await press(await visit(), 'save', filter);
  assert.deepEqual(await stored(), {}, 'not stored before it was shown');
  assert.match(
    first.text,
    /Left out: Filters of your own none Account\.BillingCountry is new zealand or Australia/,
  );
  assert.match(first.text, /The next sync reads every Account again/);
  assert.match(first.text, /Customers accounts whose Type begins with “Customer” ?1 of 6 companies/);
  assert.match(first.text, /Open deals accounts with an opportunity that is not closed ?1 of 6 companies/);
  // HubSpot knows the company of the other lead who opted out.
  assert.match(first.text, /People who opted out leads and contacts.*?alone ?1 of 6 companies/);
  assert.match(first.text, /Left out altogether: 4 of 6 companies/);
  assert.match(
    first.text,
    /Rows that name no company, whatever is set gmail\.com is a mailbox provider, not a company's own domain 1 /,
  );
  const saved = await press(first, 'save');
  assert.match(saved.text, /Stored/);
  assert.equal(valueOf(saved, 'where.0.value'), 'new zealand\nAustralia');
  await syncFresh();
  const excluded = await app.db.inWorkspace(app.workspaceId, countExcluded);
  assert.deepEqual(Object.fromEntries(excluded.map(({ because, companies }) => [because, companies])), {
    'a customer: Type is Customer - Direct': 1,
    'an open deal': 1,
    'opted out of e-mail': 1,
    'your filter: BillingCountry is new zealand or Australia': 1,
  });
  // Switched off, each says what it would leave out all the same.
  const off = await press(saved, 'check', { 'exclude.customers': null });
  assert.match(off.text, /Customers accounts whose Type begins with “Customer” ?1 of 6 companies/);
  assert.match(off.text, /Left out altogether: 3 of 6 companies/);
  await reset();
  await syncFresh();
});

test('of two who edit at once neither loses anything unnoticed', async () => {
  const [ada, ben] = [await visit(), await visit()];
  const stale = await visit();
  assert.match(
    (await press(ada, 'save', { 'write.pitch': 'never', 'write.score': 'always' })).text,
    /Stored/,
  );
  const told = await press(ben, 'save', { 'write.pitch': 'always', 'write.band': 'never' });
  assert.equal(told.status, 409);
  assert.deepEqual(await stored(), { write: { score: 'always', pitch: 'never' } });
  assert.match(told.text, /Somebody else changed these settings meanwhile/);
  assert.match(
    told.text,
    /Fieldnote Pitch, when it is written until somebody edits it \(usual\) never always, over edits too ?, which stands below/,
  );
  assert.match(
    told.text,
    /Fieldnote Score, when it is written until somebody edits it \(usual\) always, over edits too theirs is taken/,
  );
  assert.match((await press(told, 'save')).text, /Stored/);
  assert.deepEqual(await stored(), { write: { score: 'always', band: 'never', pitch: 'always' } });
  // The same against the command line, and whoever only looks is told, too.
  assert.equal((await press(stale, 'check')).status, 409);
  await reset();
  assert.deepEqual(await stored(), {});
});

test('a rule for one object is set on the page, stands there, and goes away again', async () => {
  const page = await visit();
  assert.equal(valueOf(page, 'write.Lead.pitch'), '');
  const saved = await press(page, 'save', { 'write.pitch': 'never', 'write.Lead.pitch': 'always' });
  assert.match(saved.text, /Stored/);
  assert.deepEqual(await stored(), { write: { pitch: 'never', Lead: { pitch: 'always' } } });
  assert.equal(valueOf(saved, 'write.Lead.pitch'), 'always');
  const checked = await press(saved, 'check', { 'write.Lead.pitch': '' });
  assert.match(
    checked.text,
    /Fieldnote Pitch, when it is written to Lead always, over edits too as on every object/,
  );
  assert.match((await press(checked, 'save')).text, /Stored/);
  assert.deepEqual(await stored(), { write: { pitch: 'never' } });
  await reset();
});

test('only our own page can send the form', async () => {
  const page = await visit();
  const fields: [string, string][] = [...page.fields, ['write.score', 'never'], ['action', 'save']];
  const forged = fields.map(([name, value]): [string, string] => [
    name,
    name === 'token' ? 'x'.repeat(32) : value,
  ]);
  const tries: [string, Promise<Response>][] = [
    ['another site', send(fields, page.cookie, { 'sec-fetch-site': 'cross-site' })],
    ['no cookie', send(fields, '')],
    ['a guessed token', send(forged, page.cookie)],
  ];
  for (const [name, refused] of tries) assert.equal((await refused).status, 403, name);
  assert.deepEqual(await stored(), {});
});

test(
  'while the CRM does not answer the page says so and keeps what was typed',
  { timeout: 60_000 },
  async () => {
    const page = await visit();
    const { salesforce } = system.sandbox.twins;
    await setFaults(salesforce.url, { rate500: 1 });
    try {
      const shown = await visit();
      assert.equal(shown.status, 200);
      assert.match(shown.text, /The CRM's fields can't be shown now: salesforce/);
      assert.equal(valueOf(shown, 'read.Account.industry'), 'Industry');
      const kept = await press(page, 'save', { 'read.Account.industry': 'Description' });
      assert.equal(kept.status, 502);
      assert.match(kept.text, /Nothing was stored/);
      assert.equal(valueOf(kept, 'read.Account.industry'), 'Description');
      assert.deepEqual(await stored(), {});
    } finally {
      await setFaults(salesforce.url, { rate500: 0 });
    }
  },
);
