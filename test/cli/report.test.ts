import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { collectReport } from '../../src/cli/report.ts';
import { readRanking } from '../../src/pipeline/store/scores.ts';
import { createRun } from '../../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.close());

test('the report of a large run counts every company, also those that its ranking has no room for', async () => {
  const { db } = database;
  const workspaceId = await ensureWorkspace(db);
  const runId = await db.inWorkspace(workspaceId, async (tx) => {
    const { id } = await createRun(tx, workspaceId, { kind: 'manual', model: 'm' });
    await tx.query(
      `with made as (
         insert into companies (workspace_id, domain, name, website)
         select $1, n || '.example', 'Company ' || n, '' from generate_series(1, 6000) n returning id, domain
       ), item as (
         insert into run_items (workspace_id, run_id, company_id, state, outcome)
         select $1, $2, id, 'done', case when domain < '2' then 'not-enough-evidence' else 'scored' end from made
       ), read as (
         insert into extractions (workspace_id, company_id, input_hash, method, overview)
         select $1, id, '', 'phrases', '{}' from made returning id, company_id
       )
       insert into scores (workspace_id, company_id, extraction_id, model, model_version, as_of, status, score, band,
         confidence, reasons, missing)
       select $1, company_id, read.id, 'm', 'm', '2026-11-01', case when domain < '2' then 'not-enough-evidence' else 'scored' end,
         case when domain < '2' then null else 50 end, 'B', 1, '[]', '[]'
       from read join made on made.id = company_id`,
      [workspaceId, id],
    );
    return id;
  });

  const { companies, ranking } = await collectReport({ db, workspaceId }, runId);

  // 1, 10–19, 100–199 and 1000–1999 sort before "2".
  assert.deepEqual(companies, {
    total: 6000,
    scored: 4889,
    notEnoughEvidence: 1111,
    excluded: 0,
    failed: 0,
    cancelled: 0,
  });
  assert.equal(ranking.length, 5000);
});

test('an export sees every company once, in the order of the ranking, whatever is scored meanwhile', async () => {
  const { db } = database;
  const workspaceId = await ensureWorkspace(db);
  const seen: string[] = [];
  await db.inWorkspace(workspaceId, async (tx) => {
    for await (const page of readRanking(tx, 1000)) {
      seen.push(...page.map((company) => company.domain));
      // The first half of the ranking loses its place to the second.
      await db.inWorkspace(workspaceId, (other) =>
        other.query('update scores set score = 100 - score where score is not null'),
      );
      await db.inWorkspace(workspaceId, (other) =>
        other.query('update scores set score = score + 1 where company_id = $1', [page[0]?.companyId]),
      );
    }
  });

  assert.deepEqual([seen.length, new Set(seen).size], [6000, 6000]);
});
