import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { planUndo } from '../../src/pipeline/7-write-back/undo.ts';
import { startDueRun } from '../../src/pipeline/runs.ts';
import { listRuns } from '../../src/pipeline/store/runs.ts';
import type { Starter } from '../../src/pipeline/store/runs.ts';
import { ScoreState } from '../../src/web/api/shapes.ts';
import { openApi } from './api/api-fixture.ts';
import type { TestApi } from './api/api-fixture.ts';
import { REP, openClient, openSignInWeb, signIn } from './auth/sign-in-fixture.ts';
import type { SignInWeb } from './auth/sign-in-fixture.ts';
import { openDesk } from '../harness/write-back.ts';
import { visit } from './visit.ts';
import { openWeb } from './web-fixture.ts';
import type { TestWeb } from './web-fixture.ts';

let api: TestApi;
let pages: SignInWeb;
before(async () => {
  api = await openApi();
  pages = await openSignInWeb();
});
after(async () => {
  await pages.close();
  await api.web.close();
});

const newest = async ({ database, workspaceId }: TestWeb): Promise<Starter | null> => {
  const [run] = await database.db.inWorkspace(workspaceId, (tx) => listRuns(tx, 1));
  return run?.startedBy ?? null;
};

test('a score that a program asks for is its token’s, and the answer says so', async () => {
  const { token } = await api.makeToken('write');
  const { body } = await api.ask('POST', '/scores', { token, body: { domain: 'of-a-token.example' } });
  assert.deepEqual(await newest(api.web), { via: 'api', name: 'for write' });
  assert.equal(ScoreState.parse(body).startedBy, 'the token “for write”');
  const here = await api.ask('POST', '/scores', { body: { domain: 'of-this-machine.example' } });
  assert.equal(ScoreState.parse(here.body).startedBy, 'this machine');
});

test('a pitch that a person comes for, and that was never scored, is looked for in their name', async () => {
  const { database, workspaceId } = pages;
  await database.db.inWorkspace(workspaceId, (tx) =>
    tx.query(
      `insert into companies (workspace_id, domain, name, website) values ($1, 'new.example', 'New', 'https://new.example')`,
      [workspaceId],
    ),
  );
  const rep = openClient();
  await signIn(rep, pages, REP);
  const cookie = [...rep.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const opened = await visit(`${pages.base}/companies/new.example/pitch`, { cookie });
  assert.equal(opened.status, 200);
  assert.deepEqual(await newest(pages), { via: 'web', name: 'Rui Rep (rui.rep@seller.example)' });
});

test('the pages of runs, and of a company’s writes, say who started a run and who put it back', async (context) => {
  const { db } = api.web.database;
  const desk = await openDesk(db, 'salesforce');
  const web = await openWeb({ db, workspaceId: desk.workspaceId });
  context.after(() => web.close());
  desk.fake.add('Account', '001');
  const run = await desk.plan({ score: 10 }, ['001']);
  await desk.flush();
  await db.inWorkspace(desk.workspaceId, (tx) =>
    tx.query(
      `update runs set state = 'done', kind = 'manual', started_via = 'slack', started_by = 'kim@seller.example' where id = $1`,
      [run],
    ),
  );
  const undo = await planUndo(db, {
    workspaceId: desk.workspaceId,
    runId: run,
    startedBy: { via: 'command-line', name: null },
  });
  const text = async (path: string): Promise<string> =>
    (await (await fetch(web.base + path)).text()).replaceAll(/<[^>]+>/g, '').replaceAll(/\s+/g, ' ');
  for (const path of ['/runs', `/runs/${run}`])
    assert.match(await text(path), /just now by kim@seller\.example in Slack · put back by the command line just now/); // prettier-ignore
  assert.match(
    await text(`/runs/${undo.run.id}`),
    new RegExp(`just now by the command line · undoes ${run.slice(0, 8)}`),
  );
  assert.match(
    await text('/companies/acme.example'),
    new RegExp(`run ${run.slice(0, 8)} ?started by kim@seller\\.example in Slack`),
  );
});

test('a run that begins by itself is the schedule’s', async () => {
  const { web } = api;
  const { db } = web.database;
  await db.inWorkspace(web.workspaceId, (tx) =>
    tx.query(
      `insert into companies (workspace_id, domain, name, website) values ($1, 'due.example', 'Due', 'https://due.example')`,
      [web.workspaceId],
    ),
  );
  const run = await startDueRun({ db, queue: web.queue }, web.workspaceId, 'gpu-infrastructure');
  assert.deepEqual(run?.startedBy, { via: 'schedule', name: null });
});
