import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { cancelRun } from '../../src/pipeline/runs.ts';
import { listRuns } from '../../src/pipeline/store/runs.ts';
import type { Run } from '../../src/pipeline/store/runs.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { fieldnote, makeFolder } from './run-command.ts';
import type { Ended } from './run-command.ts';

let system: System;
let app: App;
let folder: { path: string; remove(): Promise<void> };
before(async () => {
  folder = await makeFolder();
  system = await startSystem({ limit: 10 });
  app = await system.openApp({ worker: false });
  await connectAndSync(app);
});
after(async () => {
  await system.close();
  await folder.remove();
});

const call = (
  args: string[],
  env: Record<string, string> = {},
  onOutput?: (child: ChildProcess, said: string) => void,
): Promise<Ended> =>
  fieldnote(args, {
    env: { ...system.environment, FIELDNOTE_HOME: folder.path, ...env },
    ...(onOutput === undefined ? {} : { onOutput }),
  });
const newestRun = async (): Promise<Run> => {
  const [run] = await app.db.inWorkspace(app.workspaceId, (tx) => listRuns(tx, 1));
  assert.ok(run !== undefined);
  return run;
};
/** Acts once, as soon as the command shows that it is at work. */
const atWork = (act: (child: ChildProcess) => void) => {
  let acted = false;
  return (child: ChildProcess, said: string): void => {
    if (acted || !/^companies|\ncompanies|\.example/.test(said)) return;
    acted = true;
    act(child);
  };
};
const slowly = async (act: () => Promise<void>): Promise<void> => {
  system.sandbox.twins.web.kit.faults.set({ latencyMs: 300 });
  try {
    await act();
  } finally {
    system.sandbox.twins.web.kit.faults.set({});
  }
};
const SLOW = { RUN_CONCURRENCY: '2' };

test('a run whose command was killed goes on with --resume', async () => {
  await slowly(async () => {
    const killed = await call(
      ['run'],
      SLOW,
      atWork((child) => child.kill('SIGKILL')),
    );
    assert.equal(killed.code, null, killed.stderr);
  });
  const run = await newestRun();
  assert.equal(run.state, 'running');

  const resumed = await call(['run', '--resume', run.id]);

  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal((await newestRun()).state, 'done');
});

test('a run that someone cancels elsewhere ends its command, which says so and is no success', async () => {
  await slowly(async () => {
    const ended = await call(
      ['run', '--refresh'],
      SLOW,
      atWork(() => {
        void newestRun().then((run) => cancelRun(app, app.workspaceId, run.id));
      }),
    );
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /The run was cancelled with \d+ of \d+ companies to go/);
  });
});

test('Ctrl-C while a company is scored cancels it: nothing is bought that nobody waits for', async () => {
  await slowly(async () => {
    const ended = await call(
      ['score', 'nobody-knows.example'],
      {},
      atWork((child) => child.kill('SIGINT')),
    );
    assert.equal(ended.code, 130, ended.stderr);
  });
  const run = await newestRun();
  assert.deepEqual([run.kind, run.state], ['interactive', 'cancelled']);
});

test('what a CRM that is not configured any more should get is said, and nobody waits for it', async () => {
  const { rows } = await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query<{ id: string }>(
      `select run_id as id from writes w join connections c on c.id = w.connection_id
       where w.state = 'applied' and c.kind = 'hubspot' limit 1`,
    ),
  );
  const id = rows[0]?.id;
  assert.ok(id !== undefined);

  const undone = await call(['undo', id], { HUBSPOT_ACCESS_TOKEN: '' });

  assert.equal(undone.code, 1, undone.stderr);
  assert.match(undone.stderr, /\d+ fields wait to be written: hubspot is not configured here \("fieldnote/);
});

test('a file without a domain is refused', async () => {
  const file = join(folder.path, 'empty.txt');
  await writeFile(file, '# none yet\n\n');

  const ended = await call(['run', '--domains', file]);

  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /empty\.txt names no domain\n {2}fix: Write one domain a line/);
});

test('Ctrl-C ends the demo that should do its job once without success', async () => {
  const ended = await fieldnote(['demo', '--once', '--limit', '5'], {
    env: { FIELDNOTE_HOME: folder.path, PORT: '0' },
    onOutput: atWork((child) => child.kill('SIGINT')),
  });
  assert.equal(ended.code, 130, ended.stderr);
});
