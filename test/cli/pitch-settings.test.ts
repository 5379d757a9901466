import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

let database: TestDatabase;
let folder: Awaited<ReturnType<typeof makeFolder>>;
before(async () => {
  database = await createTestDatabase();
  folder = await makeFolder();
});
after(async () => {
  await database.close();
  await folder.remove();
});
const run = (...args: string[]): Promise<Ran> =>
  runHere(args, { DATABASE_URL: database.url, FIELDNOTE_HOME: folder.path });
const parse = (ran: Ran): Record<string, unknown> => {
  assert.equal(ran.code, 0, ran.err);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(ran.out));
};

test('seller keeps what is not given, and says how to begin where there is none', async () => {
  const none = await run('seller');
  assert.equal(none.code, 1);
  assert.match(none.err, /no profile of the seller yet/);
  await run('seller', '--name', 'Fjord Compute', '--offer', 'H200 nodes by the hour', '--never', 'cheapest');
  const changed = parse(await run('seller', '--proof', 'Borealis trains on our nodes', '--json'));
  assert.deepEqual(changed, {
    name: 'Fjord Compute',
    offer: 'H200 nodes by the hour',
    audience: '',
    proofPoints: ['Borealis trains on our nodes'],
    neverClaim: ['cheapest'],
  });
});

test('seller refuses a profile that says what it never claims', async () => {
  const ran = await run('seller', '--offer', 'The cheapest nodes');
  assert.equal(ran.code, 1);
  assert.match(ran.err, /says what the profile never claims/);
});

test('pitch-settings changes what is given, refuses what is none, and goes back to what is shipped', async () => {
  const shipped = parse(await run('pitch-settings', '--json'));
  assert.deepEqual(shipped, {
    template: 'standard',
    tone: 'professional',
    length: 'medium',
    focus: 'balanced',
    instructions: '',
    temperature: null,
    model: null,
  });
  await run('pitch-settings', '--length', 'concise', '--instructions', 'No jargon.');
  const changed = parse(await run('pitch-settings', '--tone', 'direct', '--json'));
  assert.deepEqual(changed, { ...shipped, tone: 'direct', length: 'concise', instructions: 'No jargon.' });
  for (const wrong of [
    ['--tone', 'shouting'],
    ['--template', 'nope'],
    ['--temperature', 'hot'],
    ['--model', 'any'],
  ])
    assert.notEqual((await run('pitch-settings', ...wrong)).code, 0, wrong.join(' '));
  assert.deepEqual(parse(await run('pitch-settings', '--reset', '--json')), shipped);
});
