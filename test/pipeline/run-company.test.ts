import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProviderDownError } from '../../src/errors.ts';
import { createPeopleFirst } from '../../src/people-first.ts';
import { createDeadLetterJob } from '../../src/pipeline/dead-letters.ts';
import { createRunCompany } from '../../src/pipeline/run-company.ts';
import type { RunCompanyOptions } from '../../src/pipeline/run-company.ts';
import type { JobResult } from '../../src/pipeline/queue/jobs.ts';
import { readProgress } from '../../src/pipeline/runs.ts';
import { loadScoringModel, shippedModelPath } from '../../src/pipeline/scoring-model.ts';
import type { Stage } from '../../src/pipeline/stage.ts';
import { ensureCompany, findCompany } from '../../src/pipeline/store/companies.ts';
import type { Company } from '../../src/pipeline/store/companies.ts';
import { addItems, listItems, startItem } from '../../src/pipeline/store/run-items.ts';
import { createRun } from '../../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

/** One company in a run of its own, and its job over these stages. */
async function openRun(
  name: string,
  stages: readonly Stage[],
  options: Partial<RunCompanyOptions> = {},
): Promise<{
  workspaceId: string;
  companyId: string;
  runId: string;
  work(): Promise<JobResult>;
  readCompany(): Promise<Company>;
}> {
  const workspaceId = await ensureWorkspace(here.db, name);
  const { runId, companyId } = await here.db.inWorkspace(workspaceId, async (tx) => {
    const company = await ensureCompany(tx, workspaceId, { domain: `${name}.example` });
    const run = await createRun(tx, workspaceId, { kind: 'manual', model: 'gpu-infrastructure' });
    await addItems(tx, workspaceId, run.id, [company.id]);
    return { runId: run.id, companyId: company.id };
  });
  const handle = createRunCompany({
    db: here.db,
    stages,
    loadModel: () => loadScoringModel(shippedModelPath('gpu-infrastructure')),
    prices: { searchUsdPerCredit: 0, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
    budget: { isSpent: async () => false },
    onSettled: async () => undefined,
    onRunDone: async () => undefined,
    onError: () => undefined,
    ...options,
  });
  return {
    workspaceId,
    companyId,
    runId,
    work: () => handle({ workspaceId, runId, companyId }, AbortSignal.timeout(30_000)),
    readCompany: async () => {
      const company = await here.db.inWorkspace(workspaceId, (tx) => findCompany(tx, companyId));
      assert.ok(company);
      return company;
    },
  };
}

test('a CRM change that comes between research and a resume keeps the company due', async () => {
  let down = true;
  let researched = 0;
  const { work, readCompany, workspaceId, companyId } = await openRun('resumed', [
    { name: 'research', tries: 1, run: async () => void (researched += 1) },
    {
      name: 'extract',
      tries: 1,
      run: async () => {
        if (down) throw new ProviderDownError('llm', new Date());
      },
    },
  ]);
  const change = (hash: string): Promise<unknown> =>
    here.db.inWorkspace(workspaceId, (tx) =>
      tx.query('update companies set input_hash = $2, due_at = now() where id = $1', [companyId, hash]),
    );
  await change('as research saw it');
  assert.notEqual(await work(), 'done');
  await change('with more employees');
  down = false;

  assert.equal(await work(), 'done');

  const { dueAt, enrichedAt } = await readCompany();
  assert.equal(researched, 1);
  assert.ok(enrichedAt !== null && dueAt !== null && dueAt <= new Date());
});

test('a company whose job took a hundred workers with it fails with the reason, and its run ends', async () => {
  const { workspaceId, runId, companyId } = await openRun('poison', []);
  const job = { workspaceId, runId, companyId };
  await here.db.inWorkspace(workspaceId, (tx) => startItem(tx, runId, companyId));
  const ended: string[] = [];
  const said: string[] = [];
  const bury = createDeadLetterJob({
    db: here.db,
    queue: { requestSlack: async () => assert.fail('nobody in Slack waits') },
    onRunDone: async (_tx, { runId: of }) => void ended.push(of),
    onError: (error, what) => said.push(`${what}: ${String(error)}`),
  });

  await bury(job);
  await bury(job);

  const progress = await readProgress(here.db, workspaceId, runId);
  assert.deepEqual([progress.run.state, progress.failed], ['done', 1]);
  const [item] = await here.db.inWorkspace(workspaceId, (tx) => listItems(tx, runId, 'failed'));
  assert.match(item?.error ?? '', /100 workers died at it/);
  assert.deepEqual([ended, said.length], [[runId], 1]);
});

test('a dead letter of a company that was settled meanwhile changes nothing', async () => {
  const { workspaceId, runId, companyId, work } = await openRun('settled', []);
  assert.equal(await work(), 'done');
  const bury = createDeadLetterJob({
    db: here.db,
    queue: { requestSlack: async () => assert.fail('nobody in Slack waits') },
    onRunDone: async () => assert.fail('it was over'),
    onError: (_error, what) => assert.fail(what),
  });
  await bury({ workspaceId, runId, companyId });
  assert.equal((await readProgress(here.db, workspaceId, runId)).done, 1);
});

test(
  'an answer that was paid for is kept at once, also while people hold up the batch',
  { timeout: 60_000 },
  async () => {
    const never = { longestHoldMs: 600_000, longestWaitMs: 600_000 };
    const first = createPeopleFirst({ connections: 4, ...never });
    const over = Promise.withResolvers<void>();
    let kept = false;
    const { work } = await openRun(
      'paid-for',
      [
        {
          name: 'research',
          tries: 1,
          run: async ({ save }) => {
            const begun = Promise.withResolvers<void>();
            const somebody = first.ofPeople(here.db).inDirectory(async () => {
              begun.resolve();
              await over.promise;
            });
            await begun.promise;
            await save((tx) => tx.query('select'));
            kept = true;
            over.resolve();
            await somebody;
          },
        },
      ],
      { db: first.ofBatch(here.db), atOnce: here.db },
    );

    assert.equal(await work(), 'done');

    assert.equal(kept, true);
  },
);
