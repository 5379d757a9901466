import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { seedCompany, seedRest } from '../web/seed.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

let database: TestDatabase;
let folder: Awaited<ReturnType<typeof makeFolder>>;
before(async () => {
  database = await createTestDatabase();
  folder = await makeFolder();
  const workspaceId = await ensureWorkspace(database.db);
  await database.db.inWorkspace(workspaceId, async (tx) => {
    const company = await seedCompany(tx, workspaceId, { domain: 'acme.example', name: 'Acme', score: 70 });
    await seedRest(tx, workspaceId, company, 'They train models', 'https://acme.example/about');
  });
});
after(async () => {
  await database.close();
  await folder.remove();
});
const run = (...args: string[]): Promise<Ran> =>
  runHere(args, { DATABASE_URL: database.url, FIELDNOTE_HOME: folder.path });
const Shown = z.object({ keyPoints: z.array(z.string()), callToAction: z.string(), text: z.string(), revision: z.string() }); // prettier-ignore
const read = async (...args: string[]): Promise<z.infer<typeof Shown>> => {
  const ran = await run(...args, '--json');
  assert.equal(ran.code, 0, ran.err);
  return Shown.parse(JSON.parse(ran.out));
};

test('pitch-edit changes the fields that are given and no other, and takes them back', async () => {
  const before = await read('pitch', 'acme.example');
  const file = join(folder.path, 'text.txt');
  await writeFile(file, 'Dear Ada,\n\nthey train models [1].\n');
  const edited = await read('pitch-edit', 'acme.example', '--key-point', 'One [1]', 'Two', '--text-file', file, '--revision', before.revision); // prettier-ignore
  assert.deepEqual([edited.keyPoints, edited.callToAction], [['One [1]', 'Two'], before.callToAction]);
  assert.match(edited.text, /^Dear Ada,\n\nthey train models \[1\]\.\n\nSources\n\[1\]/);
  const shown = await run('pitch', 'acme.example');
  assert.match(shown.err, /key points and text edited by a person on/);

  const late = await run(
    'pitch-edit',
    'acme.example',
    '--call-to-action',
    'Now?',
    '--revision',
    before.revision,
  );
  assert.equal(late.code, 1);
  assert.match(late.err, /changed since you read it, and nothing was stored/);
  const { keyPoints, callToAction, text } = await read(
    'pitch-edit',
    'acme.example',
    '--undo',
    'key-points',
    'text',
  );
  assert.deepEqual([keyPoints, callToAction, text], [before.keyPoints, before.callToAction, before.text]);
});

test('pitch-edit says what it needs, and where there is no such pitch how to have it made', async () => {
  const errors = [
    await run('pitch-edit', 'acme.example'),
    await run('pitch-edit', 'acme.example', '--call-to-action', 'x', '--undo', 'call-to-action'),
    await run('pitch-edit', 'acme.example', '--call-to-action', 'x', '--template', 'executive'),
    await run('pitch-edit', 'nobody.example', '--call-to-action', 'x'),
  ];
  assert.deepEqual(
    errors.map(({ code }) => code),
    [1, 1, 1, 1],
  );
  const said = errors.map(({ err }) => err).join('\n');
  for (const part of [
    /Nothing is to be changed/,
    /call-to-action is to be changed and to be taken back/,
    /fieldnote pitch acme\.example --template executive/,
    /fieldnote score nobody\.example/,
  ])
    // prettier-ignore
    assert.match(said, part);
});
