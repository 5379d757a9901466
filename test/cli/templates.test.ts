import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { seedCompany } from '../web/seed.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';

let here: TestDatabase;
let folder: Awaited<ReturnType<typeof makeFolder>>;
before(async () => {
  here = await createTestDatabase();
  folder = await makeFolder();
  const workspaceId = await ensureWorkspace(here.db, 'default');
  await here.db.inWorkspace(workspaceId, (tx) =>
    seedCompany(tx, workspaceId, { domain: 'alder.example', name: 'Alder', score: 70, band: 'A' }),
  );
});
after(async () => {
  await here.close();
  await folder.remove();
});

const templates = (...args: string[]) =>
  runHere(['templates', ...args], { DATABASE_URL: here.url, FIELDNOTE_HOME: folder.path });

async function write(name: string, source: string): Promise<string> {
  const file = join(folder.path, name);
  await writeFile(file, source);
  return file;
}

test('a template of your own is checked, previewed, saved, listed, shown and reset', async () => {
  const file = await write(
    'ours.hbs',
    '{{! Ours: for us. }}{{#keyPoint}}{{company.name}}{{/keyPoint}} {{#callToAction}}{{#write "Ask."}}Shall we talk?{{/write}}{{/callToAction}}',
  );
  const checked = await templates('check', file);
  assert.deepEqual([checked.code, checked.err], [0, '']);
  assert.match(checked.out, /can be used\. It uses: company\.name\n/);

  const before = await templates('preview', file, 'alder.example');
  assert.deepEqual([before.code, before.out.trim()], [0, 'Alder Shall we talk?']);

  assert.equal((await templates('save', 'standard', file)).code, 0);
  const Entries = z.array(z.object({ name: z.string(), origin: z.string(), title: z.string() }));
  const listed = Entries.parse(JSON.parse((await templates('list', '--json')).out));
  assert.deepEqual(
    listed.filter(({ origin }) => origin === 'custom'),
    [{ name: 'standard', origin: 'custom', title: 'Ours' }],
  );
  assert.match((await templates()).out, /standard .*custom .*Ours .*for us\./);
  assert.match((await templates('show', 'standard')).out, /^\{\{! Ours/);
  const Preview = z.object({ keyPoints: z.array(z.string()), callToAction: z.string() });
  const shown = await templates('preview', 'standard', 'alder.example', '--json');
  assert.deepEqual(Preview.parse(JSON.parse(shown.out)), {
    keyPoints: ['Alder'],
    callToAction: 'Shall we talk?',
  });

  assert.match((await templates('reset', 'standard')).err, /came with Fieldnote is back/);
  assert.match((await templates('show', 'standard')).out, /^\{\{! Standard/);
});

test('a template with mistakes is refused with the place of each, and what is not there is named', async () => {
  const file = await write('bad.hbs', 'Dear {{company.nmae}}\n{{{date}}}');
  for (const ran of [await templates('check', file), await templates('preview', file, 'alder.example')]) {
    assert.equal(ran.code, 1);
    assert.ok(
      ran.err.includes(`${file}:1:8: "company.nmae" is not known here; did you mean "company.name"?`),
    );
    assert.ok(ran.err.includes(`${file}:2:1: raw output`));
  }
  const saved = await templates('save', 'bad', file);
  assert.match(saved.err, /bad:1:8: /);
  assert.match((await templates('show', 'bad')).err, /no template "bad"[^]*Take one of concise, /);
  assert.match((await templates('reset', 'bad')).err, /no template "bad" of your own/);
  assert.match((await templates('check', join(folder.path, 'none.hbs'))).err, /none\.hbs cannot be read/);
  assert.match((await templates('preview', 'concise', 'nobody.example')).err, /no score to write about/);
});
