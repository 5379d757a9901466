import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { findPage, loadWorld } from '../../sandbox/kit/world.ts';
import { salesforceSuffix } from '../../sandbox/kit/world-ids.ts';

type Files = Record<string, readonly (Record<string, unknown> | string)[]>;

async function writeWorld(t: TestContext, files: Files): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'world-'));
  t.after(() => rm(dir, { recursive: true }));
  for (const [file, lines] of Object.entries(files)) {
    await writeFile(
      join(dir, file),
      lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
    );
  }
  return dir;
}

const acme = { id: '1', domain: 'acme.example', name: 'Acme', one_liner: 'Anvils', industry: 'Metals' };

test('companies.jsonl alone makes a world whose front pages say what the company says and nothing else', async (t) => {
  const dir = await writeWorld(t, {
    'companies.jsonl': [{ ...acme, description: 'We cast anvils.', tags: ['iron'], label: 'low', grade: 0 }],
  });
  const world = await loadWorld(dir);
  const page = findPage(world, 'http://www.acme.example');
  assert.equal(page?.text, 'Acme\n\nAnvils\n\nWe cast anvils.');
  assert.equal(page?.status, 200);
  const { accounts } = world.records.salesforce;
  assert.ok(accounts.length + world.records.hubspot.companies.length > 0);
});

test('companies are spread over the CRMs by their domain alone, the same way each time', async (t) => {
  const companies = Array.from({ length: 2000 }, (_, n) => ({
    id: `${n}`,
    domain: `firm-${n}.example`,
    name: `Firm ${n}`,
  }));
  const dir = await writeWorld(t, { 'companies.jsonl': companies });
  const first = await loadWorld(dir);
  const { salesforce, hubspot } = first.records;
  const inBoth = salesforce.accounts.length + hubspot.companies.length - companies.length;
  assert.ok(Math.abs(inBoth / 2000 - 0.2) < 0.04, `in both: ${inBoth}`);
  assert.ok(Math.abs(salesforce.accounts.length / 2000 - 0.65) < 0.04);
  assert.deepEqual((await loadWorld(dir)).records, first.records);
  const reversed = await loadWorld(await writeWorld(t, { 'companies.jsonl': companies.toReversed() }));
  assert.deepEqual(
    reversed.records.salesforce.leads.map((lead) => lead.id).toSorted(),
    salesforce.leads.map((lead) => lead.id).toSorted(),
  );
});

test('ids look like the vendors’ own and never collide', async (t) => {
  const domains = fc.uniqueArray(fc.domain(), {
    minLength: 1,
    maxLength: 40,
    selector: (name) => name.toLowerCase(),
  });
  await fc.assert(
    fc.asyncProperty(domains, async (names) => {
      const rows = names.map((domain, n) => ({ id: `${n}`, domain, name: domain }));
      const { salesforce, hubspot } = (await loadWorld(await writeWorld(t, { 'companies.jsonl': rows })))
        .records;
      const wanted = [
        ...salesforce.accounts.map(({ id }) => ({ id, prefix: '001' })),
        ...salesforce.leads.map(({ id }) => ({ id, prefix: '00Q' })),
        ...salesforce.contacts.map(({ id }) => ({ id, prefix: '003' })),
      ];
      for (const { id, prefix } of wanted) {
        assert.match(id, /^[0-9A-Za-z]{15}[A-Z0-5]{3}$/);
        assert.ok(id.startsWith(prefix));
        assert.equal(id.slice(15), salesforceSuffix(id.slice(0, 15)));
      }
      const others = [...hubspot.companies, ...hubspot.contacts].map(({ id }) => id);
      for (const id of others) assert.match(id, /^\d{12}$/);
      const all = [...wanted.map(({ id }) => id), ...others];
      assert.equal(new Set(all).size, all.length);
    }),
    { numRuns: 25 },
  );
});

test('the suffix of a Salesforce id is the one that Salesforce computes', () => {
  assert.equal(salesforceSuffix('001A0000006Vm9r'), 'IAC');
  assert.equal(salesforceSuffix('000000000000000'), 'AAA');
  assert.equal(salesforceSuffix('ZZZZZZZZZZZZZZZ'), '555');
});

test('a bad line is refused in one line that names the file, the line and the field', async (t) => {
  const cases: [Files, RegExp][] = [
    [
      { 'companies.jsonl': [acme, '', { id: '2', name: 'No domain' }] },
      /^companies\.jsonl line 3: domain: expected string/,
    ],
    [
      { 'companies.jsonl': [{ ...acme, domain: 'not a domain' }] },
      /^companies\.jsonl line 1: domain: expected a domain/,
    ],
    [{ 'companies.jsonl': ['{"id": '] }, /^companies\.jsonl line 1: not valid JSON$/],
    [
      { 'companies.jsonl': [acme], 'news.jsonl': [{ url: 'ftp://x/y', title: 't', text: 't', domains: [] }] },
      /^news\.jsonl line 1: url: expected an http or https URL$/,
    ],
    [
      {
        'companies.jsonl': [acme],
        'filings.jsonl': [
          { domain: 'a.example', url: 'https://x.example/', title: 't', text: 't', published: '2026-02-45' },
        ],
      },
      /^filings\.jsonl line 1: published: no such date$/,
    ],
    [
      {
        'companies.jsonl': [acme],
        'pages.jsonl': [{ domain: 'acme.example', url: 'https://acme.example/', kind: 'home', title: '' }],
      },
      /^pages\.jsonl line 1: text: a page needs html or text$/,
    ],
    [
      {
        'companies.jsonl': [acme],
        'records.jsonl': [{ crm: 'hubspot', object: 'Lead', key: 'k', last_name: 'B', company: 'C' }],
      },
      /^records\.jsonl line 1: object: hubspot has no Lead$/,
    ],
    [
      {
        'companies.jsonl': [acme],
        'records.jsonl': [{ crm: 'salesforce', object: 'Contact', key: 'k', last_name: 'B', parent: 'gone' }],
      },
      /^records\.jsonl line 1: parent: no salesforce account or company has the key gone$/,
    ],
    [
      {
        'companies.jsonl': [acme],
        'records.jsonl': [1, 2].map(() => ({
          crm: 'salesforce',
          object: 'Account',
          key: 'twice',
          name: 'A',
        })),
      },
      /^records\.jsonl line 2: key: already used on line 1$/,
    ],
    [{ 'companies.jsonl': [] }, /^companies\.jsonl in .* has no companies$/],
    [{ 'news.jsonl': [] }, /has no companies\.jsonl$/],
  ];
  for (const [files, message] of cases) {
    await assert.rejects(loadWorld(await writeWorld(t, files)), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, message);
      assert.ok(!error.message.includes('\n'));
      return true;
    });
  }
});

test('a folder that is not there is named', async () => {
  await assert.rejects(
    loadWorld('/nowhere/at/all'),
    /^Error: world folder \/nowhere\/at\/all is not there or is no folder$/,
  );
});

test('the first of two companies with one domain stays, and the other is counted', async (t) => {
  const rows = [
    acme,
    { ...acme, domain: 'WWW.ACME.example', name: 'Acme again' },
    { ...acme, domain: 'müller.example' },
  ];
  const world = await loadWorld(await writeWorld(t, { 'companies.jsonl': rows }));
  assert.deepEqual(
    world.companies.map(({ domain, name }) => [domain, name]),
    [
      ['acme.example', 'Acme'],
      ['xn--mller-kva.example', 'Acme'],
    ],
  );
  assert.equal(world.duplicates, 1);
});

test('records.jsonl alone decides for the domains that it names; the others follow the rule', async (t) => {
  const world = await loadWorld(
    await writeWorld(t, {
      'companies.jsonl': [
        acme,
        { id: '2', domain: 'beta.example', name: 'Beta', crm: ['hubspot'] },
        { id: '3', domain: 'web-only.example', name: 'Web only', crm: [] },
      ],
      'records.jsonl': [
        { crm: 'salesforce', object: 'Account', key: 'a', name: 'Acme Inc.', website: 'acme.example' },
        { crm: 'salesforce', object: 'Account', key: 'plant', name: 'Acme plant', parent: 'a' },
        { crm: 'salesforce', object: 'Contact', key: 'c', last_name: 'Roe', title: 'CTO', parent: 'a' },
        { crm: 'salesforce', object: 'Lead', key: 'l', last_name: 'Poe', company: 'Acme', converted_to: 'a' },
      ],
    }),
  );
  const { salesforce, hubspot } = world.records;
  const account = salesforce.accounts[0];
  assert.ok(account);
  assert.deepEqual(
    salesforce.accounts.map(({ name, parentId }) => [name, parentId]),
    [
      ['Acme Inc.', null],
      ['Acme plant', account.id],
    ],
  );
  assert.equal(salesforce.contacts[0]?.accountId, account.id);
  assert.equal(salesforce.leads[0]?.convertedAccountId, account.id);
  assert.deepEqual(
    hubspot.companies.map(({ domain }) => domain),
    ['beta.example'],
  );
});

test('a limit takes the first companies with what belongs to them', async () => {
  const world = await loadWorld('sandbox/world', { limit: 8 });
  const domains = new Set(world.companies.map(({ domain }) => domain));
  assert.equal(domains.size, 8);
  for (const page of world.pages.values()) assert.ok(domains.has(page.domain), page.url);
  for (const filing of world.filings) assert.ok(domains.has(filing.domain));
  for (const article of world.news) assert.ok(article.domains.some((domain) => domains.has(domain)));
  for (const company of world.records.hubspot.companies)
    assert.ok(domains.has(company.domain ?? ''), company.name ?? '');
  assert.ok(world.records.salesforce.accounts.length + world.records.hubspot.companies.length >= 8);
});

const data = process.env['FIELDNOTE_DATA'] ?? resolve('../shared/data');
const noData = existsSync(join(data, 'dev/companies.jsonl')) ? false : `no real data at ${data}`;

test(
  'a world of thousands of real companies loads with less than a second of CPU',
  { skip: noData },
  async () => {
    const before = process.cpuUsage();
    const world = await loadWorld(join(data, 'dev'));
    const { user, system } = process.cpuUsage(before);
    assert.ok(world.companies.length > 4000);
    assert.equal(world.pages.size, world.companies.length);
    assert.ok((user + system) / 1000 < 1000, `${(user + system) / 1000} ms`);
  },
);
