import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TextModel } from '../../../src/connectors/text-model.ts';
import { ProviderDownError, ProviderError } from '../../../src/errors.ts';
import { createPitchStage } from '../../../src/pipeline/6-pitch/pitch.ts';
import { createTemplateRenderer } from '../../../src/pipeline/6-pitch/template-renderer.ts';
import { loadScoringModel, shippedModelPath } from '../../../src/pipeline/scoring-model.ts';
import { findCurrentPitch } from '../../../src/pipeline/store/pitches.ts';
import type { Pitch } from '../../../src/pipeline/store/pitches.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { seedCompany } from '../../web/seed.ts';

const templates = createTemplateRenderer();
let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(async () => {
  await templates.close();
  await here.close();
});

const OFFER = {
  passages: [{ passage: 1, sentences: [{ text: 'Would a short call this week help?', cites: [] }] }],
};

/** A company with a score, and one run of the pitch stage over it with a model that answers like this. */
async function openPitch(name: string): Promise<{ run(answer: unknown): Promise<Pitch>; asked(): number }> {
  const workspaceId = await ensureWorkspace(here.db, name);
  const company = await here.db.inWorkspace(workspaceId, (tx) =>
    seedCompany(tx, workspaceId, { domain: `${name}.example`, name, score: 70 }),
  );
  const model = await loadScoringModel(shippedModelPath('gpu-infrastructure'));
  let asked = 0;
  return {
    asked: () => asked,
    run: async (answer) => {
      const textModel: TextModel = {
        name: 'llm',
        model: 'test-model',
        countTokens: () => 1,
        check: async () => ({ models: [] }),
        ask: async ({ schema }) => {
          asked += 1;
          if (answer instanceof Error) throw answer;
          const tokens = { promptTokens: 1, cachedTokens: 0, completionTokens: 1 };
          return { value: schema.parse(answer), provider: 'llm', model: 'test-model', repaired: false, ...tokens }; // prettier-ignore
        },
      };
      await createPitchStage({ db: here.db, textModel, templates, template: 'standard' }).run({
        workspaceId,
        runId: '00000000-0000-4000-8000-000000000001',
        companyId: company.id,
        model,
        asOf: '2026-10-21',
        refreshSince: null,
        dryRun: false,
        interactive: false,
        patient: false,
        signal: AbortSignal.timeout(30_000),
        onCall: () => undefined,
        save: (act) => here.db.inWorkspace(workspaceId, act),
      });
      const pitch = await here.db.inWorkspace(workspaceId, (tx) => findCurrentPitch(tx, company.id));
      assert.ok(pitch);
      return pitch;
    },
  };
}

test('a pitch that an outage left to the template is written by the model as soon as a run finds it back', async () => {
  const { run, asked } = await openPitch('outage');
  const down = await run(new ProviderDownError('llm', new Date(Date.now() + 5_000)));
  assert.deepEqual([down.method, asked()], ['phrases', 1]);
  const still = await run(new ProviderDownError('llm', new Date(Date.now() + 5_000)));
  assert.equal(still.text, down.text);

  const back = await run(OFFER);

  assert.deepEqual([back.method, back.textModel], ['llm', 'test-model']);
  assert.match(back.text, /Would a short call this week help\?/);
  const before = asked();
  assert.equal((await run(OFFER)).id, back.id);
  assert.equal(asked(), before, 'the same evidence is written about once');
});

test('a pitch that the model will not write is left to the template and not asked for with each run', async () => {
  const { run, asked } = await openPitch('refused');
  const [provider, operation, message] = ['llm', 'write pitch', 'the model would not answer'];
  await run(new ProviderError({ provider, operation, message, kind: 'refused' }));
  assert.equal((await run(OFFER)).method, 'phrases');
  assert.equal(asked(), 1);
});
