import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SHIPPED_WORLD } from '../harness/system.ts';
import { loadWorld } from '../../sandbox/kit/world.ts';
import { loadModule } from '../../sandbox/salesforce/screens/components.ts';
import { evaluate, fillIn } from '../../sandbox/salesforce/screens/terms.ts';
import { findOpening, renderVisualforce } from '../../sandbox/salesforce/screens/visualforce.ts';
import { startSalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import type { SalesforceTwin } from '../../sandbox/salesforce/twin.ts';

let twin: SalesforceTwin;
before(async () => {
  const world = await loadWorld(SHIPPED_WORLD, { limit: 4 });
  twin = await startSalesforceTwin({ world, journalFile: null, clientId: 'client', clientSecret: 'secret' });
});
after(() => twin.close());

const BARE = {
  count: 0,
  canAsk: false,
  templates: null,
  template: '',
  link: null,
  companies: null,
  leftOut: null,
};
const show = async (names: object, object = 'Account'): Promise<string> => {
  const behind = {
    names: { ...BARE, ...names },
    methods: ['load', 'ask'],
    action: '/x',
    carried: [],
    problems: [],
  };
  return (await renderVisualforce(`Fieldnote${object}Pitches`, behind)).markup.replaceAll(/\s+/g, ' ');
};

test("the package's page shows what to do for none, some and too many ticked rows, and the link with what is not in it", async () => {
  assert.match(await show({}), /Tick accounts in the list first/);
  assert.match(await show({}, 'Lead'), /Tick leads in the list first/);
  assert.doesNotMatch(await show({}), /<button|<a /);
  assert.match(await show({ count: 201 }), /201 records are ticked; a ZIP takes 200\./);
  assert.match(await show({ count: 3, canAsk: true }), /<button name="action" value="ask">Make the ZIP/);
  const leftOut = [{ id: '001A', why: 'It has <no> website' }];
  const ready = await show({ count: 3, canAsk: true, link: 'https://f.example/l/x', companies: 2, leftOut });
  assert.match(ready, /<a href="https:\/\/f\.example\/l\/x"[^>]*>Open the ZIP with 2 pitches/);
  assert.match(ready, /href="\/001A"[^>]*>001A.*It has &lt;no&gt; website/);
  assert.doesNotMatch(ready, /<button/);
});

test("the package's page offers the templates with the usual one chosen, and the ZIP where it could not read them", async () => {
  const templates = [
    { value: 'concise', label: 'Concise' },
    { value: 'ours', label: 'Ours & <yours>' },
  ];
  for (const object of ['Account', 'Lead']) {
    const chosen = await show({ count: 2, canAsk: true, templates, template: 'ours' }, object);
    assert.match(chosen, /<label for="template">Template<\/label> <select id="template" name="template">/);
    assert.match(chosen, /<option value="concise" ?>Concise</);
    assert.match(chosen, /<option value="ours" selected ?>Ours &amp; &lt;yours&gt;</);
    const without = await show({ count: 2, canAsk: true }, object);
    assert.doesNotMatch(without, /<select/);
    assert.match(without, /Make the ZIP/);
    assert.equal(await findOpening(`Fieldnote${object}Pitches`), 'load');
  }
  const behind = { names: BARE, methods: ['ask'], action: '/x', carried: [], problems: [] };
  await assert.rejects(renderVisualforce('FieldnoteAccountPitches', behind), /runs load/);
});

test('a page that names what its controller does not have is an error, as in an org', () => {
  const names = { ...BARE, one: { id: '001A' } };
  assert.equal(evaluate('NOT(ISNULL(leftOut)) && leftOut.size > 0', { leftOut: [1] }), true);
  assert.equal(evaluate('!canAsk || count >= 1', names), true);
  assert.equal(fillIn('/{!one.id}?{!link}', names), '/001A?');
  for (const term of ['counts', 'one.name', 'UNKNOWN(count)', 'count >', 'count 1', 'count ~ 1', '(count'])
    assert.throws(() => evaluate(term, names), Error, term);
});

test('every component of the package is made by the platform’s compiler, and whatever it imports can be had', async () => {
  const base = new URL('../../crm/salesforce/force-app/main/default/lwc/', import.meta.url);
  const files = globSync('*/*.{js,html}', { cwd: base });
  assert.ok(files.length >= 6);
  for (const file of files) {
    assert.ok(await loadModule(`/c/${file}`), file);
    for (const [, name = ''] of readFileSync(new URL(file, base), 'utf8').matchAll(
      /from '((?:@|lightning)[^']+)'/g,
    ))
      assert.ok(await loadModule(`/platform/${name}`), name);
  }
  for (const path of ['/c/../twin.ts', '/c/fieldnoteCard/nothing.js', '/platform/lightning/nothing', '/x'])
    assert.equal(await loadModule(path), null, path);
});

test('another site can neither press a button of the sandbox nor point it at a server of its own', async () => {
  const post = async (path: string, site: string): Promise<number> => {
    const body = new URLSearchParams({ address: 'https://evil.example', key: 'a.b.c' });
    const headers = { 'sec-fetch-site': site };
    return (await fetch(twin.url + path, { method: 'POST', body, headers })).status;
  };
  for (const path of ['/_twin/setup', '/_twin/pitches', '/_twin/apex'])
    assert.equal(await post(path, 'cross-site'), 403, path);
  const setup = await (await fetch(`${twin.url}/_twin/setup`)).text();
  assert.doesNotMatch(setup, /evil/);
});

test('what an administrator entered in Setup is there after a restart', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'fieldnote-screens-'));
  context.after(() => rm(folder, { recursive: true }));
  const world = await loadWorld(SHIPPED_WORLD, { limit: 1 });
  const start = () =>
    startSalesforceTwin({
      world,
      journalFile: join(folder, 'journal.jsonl'),
      clientId: 'client',
      clientSecret: 'secret',
    });
  const first = await start();
  first.connectButton({ address: 'http://127.0.0.1:1', key: 'a.b.c' });
  await first.close();
  const second = await start();
  context.after(second.close);
  assert.match(await (await fetch(`${second.url}/_twin/setup`)).text(), /value="http:\/\/127\.0\.0\.1:1"/);
});
