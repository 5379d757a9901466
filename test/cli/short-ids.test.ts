import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { createRun } from '../../src/pipeline/store/runs.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

let system: System;
let app: App;
let folder: Awaited<ReturnType<typeof makeFolder>>;
before(async () => {
  folder = await makeFolder();
  system = await startSystem({ limit: 1 });
  app = await system.openApp({ worker: false });
  await connectAndSync(app);
});
after(async () => {
  await system.close();
  await folder.remove();
});

const command = (...args: string[]): Promise<Ran> =>
  runHere(args, { ...system.environment, FIELDNOTE_HOME: folder.path });

async function storeRun(): Promise<string> {
  const { db, workspaceId, modelName } = app;
  const run = await db.inWorkspace(workspaceId, (tx) =>
    createRun(tx, workspaceId, { kind: 'manual', model: modelName }),
  );
  return run.id;
}

test('a run is found by the beginning of its id that lists and pages show', async () => {
  const id = await storeRun();
  const short = id.slice(0, 8);
  const listed = await command('writes', '--run', short.toUpperCase());
  assert.deepEqual([listed.code, listed.out], [0, 'Nothing was written that answers to this.\n']);
  const undone = await command('undo', `${short}-${id.slice(9, 13)}`, '--dry-run');
  assert.deepEqual([undone.code, undone.err.includes('There is no run')], [1, false], undone.err);
  assert.match(undone.err, new RegExp(id));
});

test('a beginning that several runs share, or that is too short to tell, names none', async () => {
  const one = await storeRun();
  const other = await storeRun();
  const twin = `${one.slice(0, 9)}${other.slice(9)}`;
  await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query('update runs set id = $1 where id = $2', [twin, other]),
  );
  const several = await command('undo', one.slice(0, 8));
  assert.equal(several.code, 1);
  assert.match(several.err, new RegExp(`Several runs begin with ${one.slice(0, 8)}`));
  const vague = await command('undo', one.slice(0, 7));
  assert.match(vague.err, new RegExp(`There is no run ${one.slice(0, 7)}`));
});
