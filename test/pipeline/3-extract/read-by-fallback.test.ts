import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openConnectors } from '../../../src/app-connectors.ts';
import { readConfig } from '../../../src/config.ts';
import { noBreaker, noLimits } from '../../../src/connectors/resilience.ts';
import { createExtractStage } from '../../../src/pipeline/3-extract/extract.ts';
import { loadScoringModel, shippedModelPath } from '../../../src/pipeline/scoring-model.ts';
import { findCurrentExtraction } from '../../../src/pipeline/store/extractions.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { LLM_TWIN_MODEL, startLlmTwin } from '../../../sandbox/llm/twin.ts';
import type { Twin } from '../../../sandbox/kit/twin.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { seedCompany } from '../../web/seed.ts';

const apiKey = 'sandbox-key';
let here: TestDatabase;
let twin: Twin;
let fallback: Twin;
before(async () => {
  here = await createTestDatabase();
  // What it answers fits no schema, nor does it when it is asked to repair that.
  twin = await startLlmTwin({ apiKey, modes: [{ mode: 'malformed' }] });
  fallback = await startLlmTwin({ apiKey, models: ['fallback-model'] });
});
after(async () => {
  await twin.close();
  await fallback.close();
  await here.close();
});

test('where the fallback endpoint read a company, its model is named, also when the stored answer is used again', async () => {
  const { db } = here;
  const workspaceId = await ensureWorkspace(db);
  const company = await db.inWorkspace(workspaceId, (tx) =>
    seedCompany(tx, workspaceId, { domain: 'acme.example', name: 'Acme', score: 70 }),
  );
  const config = readConfig({
    LLM_BASE_URL: `${twin.url}/v1`,
    LLM_API_KEY: apiKey,
    LLM_MODEL: LLM_TWIN_MODEL,
    LLM_FALLBACK_BASE_URL: `${fallback.url}/v1`,
    LLM_FALLBACK_API_KEY: apiKey,
    LLM_FALLBACK_MODEL: 'fallback-model',
  });
  const { textModel } = openConnectors(config, { limits: noLimits, breaker: noBreaker });
  const work = {
    workspaceId,
    runId: '00000000-0000-4000-8000-000000000001',
    companyId: company.id,
    model: await loadScoringModel(shippedModelPath('gpu-infrastructure')),
    asOf: '2026-10-21',
    refreshSince: null,
    dryRun: false,
    interactive: false,
    patient: false,
    signal: AbortSignal.timeout(60_000),
    onCall: () => undefined,
    save: <T>(act: Parameters<typeof db.inWorkspace<T>>[1]) => db.inWorkspace(workspaceId, act),
  };
  const read = async () => {
    await createExtractStage({ db, textModel }).run(work);
    const found = await db.inWorkspace(workspaceId, (tx) => findCurrentExtraction(tx, company.id));
    return [found?.method, found?.textModel];
  };
  assert.deepEqual(await read(), ['llm', 'fallback-model']);
  await db.inWorkspace(workspaceId, (tx) =>
    tx.query('update extractions set current = false, input_hash = id::text'),
  );
  const calls = fallback.kit.calls.list().length;
  assert.deepEqual(await read(), ['llm', 'fallback-model']);
  assert.equal(fallback.kit.calls.list().length, calls, 'the answer was stored');
});
