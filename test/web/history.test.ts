import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseHTML } from 'linkedom';
import { beginUndo, planUndo } from '../../src/pipeline/7-write-back/undo.ts';
import { openDesk } from '../harness/write-back.ts';
import type { Desk } from '../harness/write-back.ts';
import type { TestWeb } from './web-fixture.ts';
import { openWeb } from './web-fixture.ts';

let ground: TestWeb;
let desk: Desk;
let web: TestWeb;

before(async () => {
  ground = await openWeb();
  desk = await openDesk(ground.database.db, 'salesforce');
  web = await openWeb({ db: ground.database.db, workspaceId: desk.workspaceId });
});
after(async () => {
  await web.close();
  await ground.close();
});

type Line = { field: string; held: string; wrote: string; state: string; when: string; run: string };
type History = { records: Record<string, Line[]>; links: Record<string, string>; text: string };

/** The section of the company's page that tells what was written. */
async function read(query = ''): Promise<History> {
  const response = await fetch(`${web.base}${query === '' ? '/companies/acme.example' : query}`);
  assert.equal(response.status, 200);
  const { document } = parseHTML((await response.text()).replaceAll('<', ' <'));
  const section = document.querySelector('#writes') ?? assert.fail('no section');
  const wordsOf = (element: { textContent: string | null } | null | undefined): string => (element?.textContent ?? '').replaceAll(/\s+/g, ' ').trim(); // prettier-ignore
  const records: History['records'] = {};
  for (const heading of section.querySelectorAll('h3.record'))
    records[wordsOf(heading)] = [...(heading.nextElementSibling?.querySelectorAll('tbody tr') ?? [])].map(
      (row) => {
        const [field, held, wrote, state, when] = [...row.children].map(wordsOf);
        const run = row.querySelector('a[href^="/runs/"]')?.getAttribute('href') ?? '';
        return { field: field ?? '', held: held ?? '', wrote: wrote ?? '', state: state ?? '', when: when ?? '', run }; // prettier-ignore
      },
    );
  const links = Object.fromEntries(
    [...section.querySelectorAll('a')].map((link) => [wordsOf(link), link.getAttribute('href')?.replace(/#writes$/, '') ?? '']), // prettier-ignore
  );
  return { records, links, text: wordsOf(section) };
}

test('a company shows, record by record and field by field, what was written, by which run, and what came of it', async () => {
  const { fake } = desk;
  fake.add('Account', '001A');
  fake.add('Account', '001B').unwritable = 'ENTITY_IS_LOCKED: the record is locked';
  const first = await desk.plan({ score: 10, pitch: 'first pitch' }, ['001A', '001B']);
  await desk.flush();
  fake.edit('Account', '001A', 'pitch', 'my own pitch');
  const second = await desk.plan({ score: 20, pitch: 'second pitch' }, ['001A']);
  await desk.flush();

  const { records } = await read();
  assert.deepEqual(Object.keys(records), ['Salesforce org Account 001A', 'Salesforce org Account 001B']);
  const [pitch, score, ...before] = (records['Salesforce org Account 001A'] ?? []).toSorted((one, other) =>
    one.run === other.run ? one.field.localeCompare(other.field) : one.run === `/runs/${second}` ? -1 : 1,
  );
  // Both values of a conflict, and which of them stands.
  assert.equal(pitch?.field, 'Pitch');
  assert.equal(pitch.held, 'my own pitch stands in the CRM');
  assert.equal(pitch.wrote, 'second pitch ours, not written');
  assert.match(pitch.state, /^conflicted .+/);
  assert.deepEqual([score?.held, score?.wrote, score?.state], ['10', '20', 'applied']);
  assert.match(score?.when ?? '', new RegExp(`just now run ${second.slice(0, 8)}`));
  assert.deepEqual(before.map((line) => [line.field, line.held, line.wrote, line.state, line.run]), [
    ['Pitch', 'empty', 'first pitch', 'applied', `/runs/${first}`],
    ['Score', 'empty', '10', 'applied', `/runs/${first}`],
  ]); // prettier-ignore
  // The CRM's own words, and what to do.
  for (const line of records['Salesforce org Account 001B'] ?? [])
    assert.match(
      line.state,
      /rejected ENTITY_IS_LOCKED: the record is locked.*tried again with the next run/,
    );
});

test('what was undone says so, and the undo is a line of its own', async () => {
  const { fake, db, workspaceId } = desk;
  fake.add('Account', '001C');
  const run = await desk.plan({ band: 'A' }, ['001C']);
  await desk.flush();
  await db.inWorkspace(workspaceId, (tx) => tx.query(`update runs set state = 'done' where id = $1`, [run]));
  const { run: undo } = await planUndo(db, { workspaceId, runId: run, dryRun: false });
  await desk.flush();
  const [back, undone] = (await read()).records['Salesforce org Account 001C'] ?? [];
  assert.deepEqual([undone?.wrote, undone?.state, undone?.run], ['A', 'undone', `/runs/${run}`]);
  assert.deepEqual([back?.held, back?.wrote, back?.run], ['A', 'empty', `/runs/${undo.id}`]);
  assert.match(back?.when ?? '', /put back by run/);
});

test('an undo that is still being planned says so on its page, and can be cancelled there, not let go', async () => {
  const { fake, db, workspaceId } = desk;
  for (const id of ['001E', '001F']) fake.add('Account', id);
  const run = await desk.plan({ band: 'A' }, ['001E', '001F']);
  await desk.flush();
  const undo = await db.inWorkspace(workspaceId, async (tx) => {
    await tx.query(`update runs set state = 'done' where id = $1`, [run]);
    return (await beginUndo(tx, { workspaceId, runId: run, portion: 1 })).run;
  });
  const html = await (await fetch(`${web.base}/runs/${undo.id}`)).text();
  assert.match(html, /still being planned: nothing is put back yet/);
  assert.match(html, /Cancel undo.*Cancelled now, everything is as if it had not been begun/s);
  assert.doesNotMatch(html, /100 %/);
  const undone = await (await fetch(`${web.base}/runs/${run}`)).text();
  assert.match(undone, new RegExp(`href="/runs/${undo.id}">about to be put back</a>`));
  const { document } = parseHTML(html);
  const forms = [...document.querySelectorAll('form')].map((form) => form.getAttribute('action'));
  assert.deepEqual(
    forms.filter((action) => action?.startsWith('/runs/')),
    [`/runs/${undo.id}/cancel`],
  );
});

test('a long history comes page by page, each line once, and one record alone can be asked for', async () => {
  const { fake } = desk;
  fake.add('Account', '001D');
  for (let score = 1; score <= 60; score += 1) {
    await desk.plan({ score }, ['001D']);
    await desk.flush();
  }
  const seen: string[] = [];
  let page = await read();
  assert.ok(Object.values(page.records).flat().length <= 50);
  const alone = page.links['Salesforce org Account 001D'] ?? assert.fail('no link to the record');
  for (page = await read(alone); ; page = await read(page.links['Older →'])) {
    assert.deepEqual(Object.keys(page.records), ['Salesforce org Account 001D']);
    assert.match(page.text, /Only record 001D \. All records/);
    seen.push(...Object.values(page.records).flatMap((lines) => lines.map((line) => line.wrote)));
    if (page.links['Older →'] === undefined) break;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 60 }, (_, index) => String(60 - index)),
  );
  assert.equal(page.links['← Newest'], alone);
  assert.deepEqual(Object.keys((await read(page.links['All records'])).records).length, 1);
  for (const odd of ['?before=x', '?before=-1', '?before=999999999999999', '?record=%00', '?record=nobody', '?record=a&record=b'])
    await read(`/companies/acme.example${odd}`); // prettier-ignore
});
