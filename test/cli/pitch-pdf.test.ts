import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
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
    for (const [name, score, band] of [
      ['acme', 91, 'A'],
      ['bolt', 55, 'B'],
      ['coil', 88, 'A'],
      ['dust', null, null],
    ] as const) {
      const company = await seedCompany(tx, workspaceId, { domain: `${name}.example`, name, score, band });
      await seedRest(tx, workspaceId, company, `About ${name}`, `https://${name}.example/about`);
    }
  });
});
after(async () => {
  await database.close();
  await folder.remove();
});

const run = (...args: string[]): Promise<Ran> =>
  runHere(['pitch', ...args], {
    DATABASE_URL: database.url,
    FIELDNOTE_HOME: folder.path,
    SELLER_NAME: 'Northwind Compute',
  });
const at = (name: string): string => join(folder.path, name);

test('pitch --pdf writes one PDF, the same each time, and leaves nothing half-written', async () => {
  const ran = await run('acme.example', '--pdf', at('acme.pdf'));
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.err, /written to .*acme\.pdf/);
  const first = await readFile(at('acme.pdf'));
  assert.ok(first.toString('latin1').startsWith('%PDF-1.7'));
  assert.match(first.toString('latin1'), /Northwind Compute/);
  await run('https://www.acme.example/about', '--pdf', at('again.pdf'));
  assert.ok(first.equals(await readFile(at('again.pdf'))));
  assert.deepEqual(
    (await readdir(folder.path)).filter((name) => name.endsWith('.part')),
    [],
  );
});

test('pitch --zip writes one PDF for each company with a score, or of one band, strongest first, with an index', async () => {
  const all = await run('--zip', at('all.zip'));
  assert.equal(all.code, 0, all.err);
  assert.match(all.err, /3 pitches written/);
  const read = (await readFile(at('all.zip'))).toString('latin1');
  assert.match(
    read,
    /acme\.example\.pdf,acme,acme\.example,91\.0,A,20 Oct 2026\ncoil\.example\.pdf[^\n]*\nbolt\.example\.pdf/,
  );
  assert.ok(!read.includes('dust.example'), 'there is nothing to send about one without a score');
  const some = await run('--zip', at('b.zip'), '--band', 'B');
  assert.match(some.err, /1 pitch written/);
});

test('what can not be printed or written says why and what to do, and leaves no file', async () => {
  const cases: [args: string[], said: RegExp][] = [
    [
      ['nobody.example', '--pdf', at('no.pdf')],
      /nobody\.example was not scored yet[\s\S]*fieldnote score nobody\.example/,
    ],
    [['acme.example', '--pdf', at('missing/no.pdf')], /can't be written[\s\S]*folder that exists/],
    [['--zip', at('no.zip'), '--band', 'C'], /No company has band C/],
    [['--zip', at('missing/no.zip')], /can't be written/],
    [['acme.example', '--zip', at('no.zip')], /takes every company/],
    [['acme.example', '--band', 'A'], /Add --zip/],
    [[], /Whose pitch/],
    [['acme.example', '--pdf', at('no.pdf'), '--json'], /cannot be used with/],
  ];
  for (const [args, said] of cases) {
    const ran = await run(...args);
    assert.equal(ran.code, 1, args.join(' '));
    assert.match(ran.err, said);
  }
  assert.ok(!existsSync(at('no.pdf')) && !existsSync(at('no.zip')) && !existsSync(at('no.zip.part')));
});

test('pitch --template makes that template’s pitch, keeps it, and prints the same with --pdf', async () => {
  const asked = await run('coil.example', '--template', 'battlecard', '--json');
  assert.equal(asked.code, 0, asked.err);
  const made: unknown = JSON.parse(asked.out);
  assert.partialDeepStrictEqual(made, { domain: 'coil.example', template: 'battlecard', version: 1 });
  const stored = await run('coil.example', '--json');
  assert.partialDeepStrictEqual(JSON.parse(stored.out), { template: 'standard' }, 'the company’s own stays');
  const anew = await run('coil.example', '--template', 'battlecard', '--force', '--pdf', at('card.pdf'));
  assert.equal(anew.code, 0, anew.err);
  await run('coil.example', '--pdf', at('own.pdf'));
  assert.ok(!(await readFile(at('card.pdf'))).equals(await readFile(at('own.pdf'))));
  for (const [args, said] of [
    [['coil.example', '--template', 'batlecard'], /no template "batlecard"[\s\S]*battlecard/],
    [['coil.example', '--persona', 'pope'], /no persona "pope"[\s\S]*technical-leader/],
    [['dust.example', '--template', 'concise'], /Only 40 characters/],
    [['--zip', at('no.zip'), '--persona', 'technical-leader'], /--persona is for one company/],
  ] as const) {
    const refused = await run(...args);
    assert.equal(refused.code, 1, args.join(' '));
    assert.match(refused.err, said);
  }
});

test('pitch --zip --template writes the stored pitches of that template, counts the companies without one, and makes none', async () => {
  for (const name of ['acme', 'bolt'])
    assert.equal((await run(`${name}.example`, '--template', 'executive')).code, 0);
  const ran = await run('--zip', at('executive.zip'), '--template', 'executive');
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.err, /pitches +█+ 2\/2 .*\n2 pitches written to .*executive\.zip/);
  assert.match(
    ran.err,
    /1 company left out without a pitch of executive\. Have them made first: fieldnote pitch DOMAIN --template executive/,
  );
  const zip = await readFile(at('executive.zip'));
  assert.match(
    zip.toString('latin1'),
    /acme\.example\.pdf,acme,acme\.example,91\.0,A,20 Oct 2026\nbolt\.example\.pdf[^\n]*\n(?!coil)/,
  );
  await run('acme.example', '--template', 'executive', '--pdf', at('executive.pdf'));
  assert.ok(zip.includes(await readFile(at('executive.pdf'))), 'the pitch of that template');
  assert.match((await run('--zip', at('b.zip'), '--template', 'executive', '--band', 'B')).err, /1 pitch w/);
  for (const [args, said] of [
    [['--template', 'exectuive'], /no template "exectuive"\. Did you mean executive\?[\s\S]*Take one of/],
    [
      ['--template', 'ad-copy'],
      /nothing to print: none of these companies has a pitch of ad-copy[\s\S]*made first/,
    ],
  ] as const) {
    const refused = await run('--zip', at('no.zip'), ...args);
    assert.equal(refused.code, 1, args.join(' '));
    assert.match(refused.err, said);
  }
  assert.ok(!existsSync(at('no.zip')) && !existsSync(at('no.zip.part')));
});

test('pitch --zip that is stopped leaves no file', async () => {
  const stop = new AbortController();
  const begun = setInterval(() => {
    if (existsSync(at('stopped.zip.part'))) stop.abort();
  }, 1);
  const ran = await runHere(
    ['pitch', '--zip', at('stopped.zip')],
    { DATABASE_URL: database.url, FIELDNOTE_HOME: folder.path },
    { signal: stop.signal },
  );
  clearInterval(begun);
  assert.equal(ran.code, 130, 'as the shell says of Ctrl-C');
  assert.ok(!existsSync(at('stopped.zip')) && !existsSync(at('stopped.zip.part')));
});
