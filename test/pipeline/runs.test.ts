import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProviderDownError } from '../../src/errors.ts';
import type { CompanyJob } from '../../src/pipeline/queue/jobs.ts';
import type { Queue } from '../../src/pipeline/queue/queue.ts';
import { createRunCompany } from '../../src/pipeline/run-company.ts';
import { cancelRun, pauseRun, readProgress, resumeRun, startRun } from '../../src/pipeline/runs.ts';
import { loadScoringModel, shippedModelPath } from '../../src/pipeline/scoring-model.ts';
import type { CompanyWork } from '../../src/pipeline/stage.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { startItem } from '../../src/pipeline/store/run-items.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

let here: TestDatabase;
let workspaceId: string;
let companyIds: string[];
const queued: CompanyJob[] = [];
let duringStage: (work: CompanyWork) => Promise<void> = async () => undefined;
const researched: string[] = [];

const queue: Queue = {
  enqueueCompanies: async (_tx, jobs) => void queued.push(...jobs),
  requestSync: async () => undefined,
  requestCatchUp: async () => undefined,
  requestFlush: async () => undefined,
  requestPitches: async () => undefined,
  requestUndo: async () => undefined,
  requestRehearsal: async () => undefined,
  requestSlack: async () => undefined,
  work: async () => undefined,
  rest: () => undefined,
  countJobs: async () => [],
  stop: async () => undefined,
};

before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  companyIds = await here.db.inWorkspace(workspaceId, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `insert into companies (workspace_id, domain, name, website)
       select $1, n || '.example', 'Company ' || n, 'https://' || n || '.example' from generate_series(1, 1200) n
       returning id`,
      [workspaceId],
    );
    return rows.map((row) => row.id);
  });
});
after(() => here.close());

const model = loadScoringModel(shippedModelPath('gpu-infrastructure'));
const handle = (job: CompanyJob) =>
  createRunCompany({
    db: here.db,
    stages: [
      {
        name: 'research',
        tries: 1,
        run: async (work) => {
          researched.push(work.companyId);
          await duringStage(work);
        },
      },
    ],
    loadModel: () => model,
    prices: { searchUsdPerCredit: 0, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
    budget: { isSpent: async () => false },
    onSettled: async () => undefined,
    onRunDone: async () => undefined,
    onError: () => undefined,
  })(job, new AbortController().signal);
const begin = async (ids: readonly string[], kind: 'manual' | 'interactive' = 'manual') => {
  queued.length = 0;
  researched.length = 0;
  duringStage = async () => undefined;
  const run = await startRun({ db: here.db, queue }, { workspaceId, kind, model: 'm', companyIds: ids });
  return run.id;
};
const workOff = async (): Promise<void> => {
  for (const job of queued.splice(0)) assert.equal(await handle(job), 'done');
};
const progress = (runId: string) => readProgress(here.db, workspaceId, runId);
const pause = (runId: string) => pauseRun({ db: here.db, queue }, workspaceId, runId);
const resume = (runId: string) => resumeRun({ db: here.db, queue }, workspaceId, runId);

test('companies that are neighbours in the alphabet are not taken up one after another: they may all need the same provider', async () => {
  const place = new Map(companyIds.map((id, index) => [id, index]));
  const runId = await begin(companyIds);
  const firsts = queued.slice(0, 120).map(({ companyId }) => place.get(companyId) ?? -1);
  await cancelRun({ db: here.db, queue }, workspaceId, runId);
  // Of 120 drawn at random from each of four quarters about 30; fewer than 10 come once in a million times.
  for (const quarter of [0, 1, 2, 3]) {
    const taken = firsts.filter((index) => Math.floor(index / 300) === quarter).length;
    assert.ok(taken >= 10, `${taken} of 120 are of quarter ${quarter}`);
  }
});

test('a paused run of more than a thousand companies goes on with every one of them', async () => {
  const runId = await begin(companyIds);
  await pause(runId);
  await workOff();
  assert.deepEqual(researched, [], 'nothing is begun while it is paused');

  await resume(runId);
  await workOff();

  const { run, done } = await progress(runId);
  assert.deepEqual([run.state, done, researched.length], ['done', 1200, 1200]);
});

test('resuming gives no second job to a company whose first one is still queued', async () => {
  const runId = await begin(companyIds.slice(0, 3));
  await pause(runId);
  await resume(runId);

  assert.equal(queued.length, 3);
  await workOff();
  assert.equal((await progress(runId)).run.state, 'done');
});

test('a company at work while its run is paused and resumed goes on where it is, once', async () => {
  const runId = await begin(companyIds.slice(0, 1));
  duringStage = async () => {
    await pause(runId);
    await resume(runId);
  };
  await workOff();

  assert.deepEqual([queued.length, researched.length], [0, 1]);
  assert.equal((await progress(runId)).run.state, 'done');
});

test('a company at work when its run is paused stops after its stage and goes on behind it', async () => {
  const runId = await begin(companyIds.slice(0, 1));
  duringStage = () => pause(runId);
  await workOff();
  assert.deepEqual([(await progress(runId)).run.state, queued.length], ['paused', 0]);

  await resume(runId);
  await workOff();

  assert.equal(researched.length, 1, 'the finished stage is not repeated');
  assert.equal((await progress(runId)).run.state, 'done');
});

test('a company that was at work when its worker was killed is cancelled with its run', async () => {
  const runId = await begin(companyIds.slice(0, 1));
  await here.db.inWorkspace(workspaceId, (tx) => startItem(tx, runId, companyIds[0] ?? ''));
  await cancelRun({ db: here.db, queue }, workspaceId, runId);

  await workOff();

  const { cancelled, working } = await progress(runId);
  assert.deepEqual([cancelled, working], [1, 0]);
});

test('of two runs that want the same company at once, one waits for the other', async () => {
  const [companyId = ''] = companyIds;
  const first = await begin([companyId]);
  const [batch] = queued;
  assert.ok(batch !== undefined);
  const second = await begin([companyId], 'interactive');
  const [now] = queued;
  assert.ok(now !== undefined);
  duringStage = async (work) => {
    if (work.runId === first) assert.notEqual(await handle(now), 'done');
  };

  assert.equal(await handle(batch), 'done');
  assert.deepEqual(researched, [companyId], 'the other one has begun nothing');

  assert.equal(await handle(now), 'done');
  assert.equal((await progress(second)).run.state, 'done');
});

test('two workers that take up the same company in the same moment do not both begin', async () => {
  const [companyId = ''] = companyIds;
  await begin([companyId]);
  const [one] = queued;
  await begin([companyId]);
  const [other] = queued;
  assert.ok(one !== undefined && other !== undefined);
  let atWork = 0;
  let most = 0;
  let back = 0;
  duringStage = async () => {
    atWork += 1;
    most = Math.max(most, atWork);
    while (atWork < 2 && back === 0) await here.db.ping();
    atWork -= 1;
  };

  const results = await Promise.all([one, other].map((job) => handle(job).finally(() => (back += 1))));

  assert.equal(most, 1);
  for (const [index, result] of results.entries())
    if (result !== 'done') assert.equal(await handle(index === 0 ? one : other), 'done');
});

test('a company that waits for an outage to end may be taken up by another run', async () => {
  const [companyId = ''] = companyIds;
  const runId = await begin([companyId]);
  const [job] = queued;
  assert.ok(job !== undefined);
  duringStage = async () => {
    throw new ProviderDownError('tavily', new Date(Date.now() + 60_000));
  };
  assert.notEqual(await handle(job), 'done');

  await begin([companyId], 'interactive');
  await workOff();

  assert.deepEqual(researched, [companyId]);
  await cancelRun({ db: here.db, queue }, workspaceId, runId);
});
