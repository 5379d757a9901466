import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseHTML } from 'linkedom';
import { openDesk } from '../harness/write-back.ts';
import type { Desk } from '../harness/write-back.ts';
import type { TestWeb } from './web-fixture.ts';
import { openWeb } from './web-fixture.ts';

let ground: TestWeb;
let desk: Desk;
let web: TestWeb;
let first = '';
let second = '';

before(async () => {
  ground = await openWeb();
  desk = await openDesk(ground.database.db, 'salesforce');
  web = await openWeb({ db: ground.database.db, workspaceId: desk.workspaceId });
  const { fake } = desk;
  for (const id of ['001A', '001B']) fake.add('Account', id);
  first = await desk.plan({ score: 10, pitch: 'first pitch' }, ['001A', '001B']);
  await desk.flush();
  fake.edit('Account', '001A', 'pitch', 'my own pitch');
  second = await desk.plan({ score: 20, pitch: '<script>second</script>' }, ['001A']);
  await desk.flush();
});
after(async () => {
  await web.close();
  await ground.close();
});

const wordsOf = (element: { textContent: string | null }): string =>
  (element.textContent ?? '').replaceAll(/\s+/g, ' ').trim();

/** The page at an address: its lines as words, its links by their words, and all of it. */
async function read(path: string) {
  const response = await fetch(new URL(path, web.base));
  assert.equal(response.status, 200, path);
  const { document } = parseHTML((await response.text()).replaceAll('<', ' <'));
  return {
    lines: [...document.querySelectorAll('.ledger tbody tr')].map((row) => [...row.children].map(wordsOf)),
    links: new Map([...document.querySelectorAll('main a')].map((link) => [wordsOf(link), link.getAttribute('href') ?? ''])), // prettier-ignore
    text: wordsOf(document.querySelector('main') ?? assert.fail('no page')),
    scripts: document.querySelectorAll('main script').length,
  };
}

const cellsOf = (lines: readonly string[][]): string[] =>
  lines.map(([record, field, held, wrote]) => [record?.slice(-4), field, held, wrote].join(' | ')).toSorted();

test('the ledger shows who wrote what where, with the value before and the one that stands', async () => {
  const { lines, scripts } = await read('/writes');
  assert.deepEqual(cellsOf(lines), [
    '001A | Pitch | empty | first pitch',
    '001A | Pitch | my own pitch stands in the CRM | <script>second</script> ours, not written',
    '001A | Score | 10 | 20',
    '001A | Score | empty | 10',
    '001B | Pitch | empty | first pitch',
    '001B | Score | empty | 10',
  ]);
  assert.equal(scripts, 0);
  for (const [record, , , , state, when] of lines) {
    assert.match(record ?? '', /^acme\.example Salesforce org Account 001[AB]$/);
    assert.match(state ?? '', /^(applied|conflicted)/);
    assert.match(when ?? '', new RegExp(`run (${first.slice(0, 8)}|${second.slice(0, 8)})`));
  }
});

test('the ledger is narrowed to a state, a field, a record, a company and a run, each and together', async () => {
  const count = async (query: string): Promise<number> => (await read(`/writes?${query}`)).lines.length;
  assert.equal(await count('state=conflicted'), 1);
  assert.equal(await count('field=score'), 3);
  assert.equal(await count('record=001B'), 2);
  for (const company of ['ACME.example', 'https://www.acme.example/about', 'sales@acme.example'])
    assert.equal(await count(`company=${encodeURIComponent(company)}`), 6, company);
  assert.equal(await count(`run=${first}`), 4);
  assert.equal(await count(`run=${first}&record=001A&field=score&state=applied&company=acme.example`), 1);
  // What is no state or field of ours narrows nothing, and the page says so by what it has chosen.
  assert.equal(await count('state=nonsense&field=Website'), 6);

  const { links, text } = await read(`/writes?run=${first}&record=001A`);
  assert.match(text, new RegExp(`Only run ${first.slice(0, 8)}`));
  assert.equal((await read(links.get('applied') ?? '')).lines.length, 2, 'a state is chosen beside the rest');
  assert.equal((await read(links.get('Those of all runs') ?? '')).lines.length, 4);
  assert.equal((await read(links.get('Show all') ?? '')).lines.length, 6);
});

test('what the ledger has none of, it says: a run, a company, a line that answers', async () => {
  const none = '00000000-0000-4000-8000-000000000000';
  assert.match((await read(`/writes?run=${none}`)).text, new RegExp(`There is no run ${none}`));
  assert.match((await read('/writes?run=%27%20or%201')).text, /There is no run ' or 1/);
  assert.match((await read('/writes?company=nobody.example')).text, /nobody\.example is not among your companies/); // prettier-ignore
  assert.match((await read('/writes?record=001Z')).text, /Nothing matches/);
  const empty = await fetch(new URL('/writes', ground.base));
  assert.match(await empty.text(), /Nothing was written yet/);
});

test('each line of a long ledger is shown once, page by page; a run’s counts lead to their lines', async () => {
  for (let each = 0; each < 60; each += 1) desk.fake.add('Account', `002${each}`);
  const run = await desk.plan(
    { score: 30 },
    Array.from({ length: 60 }, (_, each) => `002${each}`),
  );
  const { links } = await read(`/runs/${run}`);
  const path = [...links.values()].find((href) => href.startsWith('/writes')) ?? assert.fail('no link');
  const page = await read(path);
  const older = await read(page.links.get('Older →') ?? '');
  const records = [...page.lines, ...older.lines].map(([record]) => record);
  assert.equal(page.lines.length, 50);
  assert.equal(new Set(records).size, 60);
  assert.equal(records.length, 60);
  assert.equal(older.links.get('← Newest'), path);
});
