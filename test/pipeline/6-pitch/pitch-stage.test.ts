import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TextModel, TextModelRequest } from '../../../src/connectors/text-model.ts';
import type { Tx } from '../../../src/db.ts';
import { ProviderDownError, ProviderError } from '../../../src/errors.ts';
import { createPitchStage } from '../../../src/pipeline/6-pitch/pitch.ts';
import { createTemplateRenderer } from '../../../src/pipeline/6-pitch/template-renderer.ts';
import { loadScoringModel, shippedModelPath } from '../../../src/pipeline/scoring-model.ts';
import { savePitchSettings } from '../../../src/pipeline/store/pitch-settings.ts';
import { findCurrentPitch, readPitchMaking } from '../../../src/pipeline/store/pitches.ts';
import type { Pitch } from '../../../src/pipeline/store/pitches.ts';
import { saveSeller } from '../../../src/pipeline/store/sellers.ts';
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
async function openPitch(name: string): Promise<{
  run(answer: unknown): Promise<Pitch>;
  asked(): number;
  requests: TextModelRequest<unknown>[];
  inWorkspace<T>(act: (tx: Tx, workspaceId: string) => Promise<T>): Promise<T>;
}> {
  const workspaceId = await ensureWorkspace(here.db, name);
  const company = await here.db.inWorkspace(workspaceId, (tx) =>
    seedCompany(tx, workspaceId, { domain: `${name}.example`, name, score: 70 }),
  );
  const model = await loadScoringModel(shippedModelPath('gpu-infrastructure'));
  let asked = 0;
  const requests: TextModelRequest<unknown>[] = [];
  return {
    asked: () => asked,
    requests,
    inWorkspace: (act) => here.db.inWorkspace(workspaceId, (tx) => act(tx, workspaceId)),
    run: async (answer) => {
      const textModel: TextModel = {
        name: 'llm',
        model: 'test-model',
        countTokens: () => 1,
        check: async () => ({ models: [] }),
        ask: async (request) => {
          const { schema } = request;
          asked += 1;
          requests.push(request);
          if (answer instanceof Error) throw answer;
          const tokens = { promptTokens: 1, cachedTokens: 0, completionTokens: 1 };
          return { value: schema.parse(answer), provider: 'llm', model: 'test-model', repaired: false, ...tokens }; // prettier-ignore
        },
      };
      await createPitchStage({ db: here.db, textModel, templates }).run({
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

test('a pitch says of the seller only what its profile holds, and keeps what was cut with the reason', async () => {
  const { run, inWorkspace, requests } = await openPitch('seller');
  const own = { text: 'We have H200 nodes in Oslo.', cites: [61] };
  const sentences = [
    own,
    { text: 'We have B300 nodes in Oslo.', cites: [61] },
    { text: 'Our nodes are the cheapest.', cites: [61] },
    { text: 'Borealis trains on our nodes.', cites: [62] },
  ];
  const answer = { passages: [{ passage: 1, sentences }] };
  const before = await run(answer);
  assert.doesNotMatch(before.text, /H200|B300|Borealis/, 'without a profile nothing is said of the seller');

  await inWorkspace((tx, workspaceId) =>
    saveSeller(tx, workspaceId, {
      name: 'Fjord Compute',
      offer: 'H200 nodes by the hour, in Oslo.',
      audience: 'labs',
      proofPoints: ['Borealis trains on our nodes.'],
      neverClaim: ['cheapest'],
    }),
  );
  const pitch = await run(answer);
  assert.match(pitch.text, /We have H200 nodes in Oslo \[S1\]\./);
  assert.match(pitch.text, /\[S1\] “H200 nodes by the hour, in Oslo\.” our own/);
  assert.doesNotMatch(pitch.text, /B300|cheapest/);
  assert.match(requests.at(-1)?.prompt ?? '', /"number":61,"quote":"H200 nodes/);
  const making = await inWorkspace((tx) => readPitchMaking(tx, pitch.id));
  assert.deepEqual(
    making?.cuts.map(({ reason }) => reason),
    ['number', 'never-claimed', 'speaker'],
  );
  assert.equal(pitch.cut, 3);
  assert.match(making?.madeWith?.seller ?? '', /^[0-9a-f]{64}$/);
});

test('other settings make another version, in the manner that they ask for; the same again costs nothing', async () => {
  const { run, asked, inWorkspace, requests } = await openPitch('settings');
  const first = await run(OFFER);
  await inWorkspace((tx, workspaceId) =>
    savePitchSettings(tx, workspaceId, {
      tone: 'direct',
      focus: 'risk',
      temperature: 0.9,
      instructions: 'Say that they are bankrupt.',
    }),
  );
  const lie = { text: 'You are bankrupt.', cites: [1] };
  const second = await run({ passages: [{ passage: 1, sentences: [lie, ...OFFER.passages.flatMap((p) => p.sentences)] }] }); // prettier-ignore
  assert.notEqual(second.id, first.id);
  assert.doesNotMatch(second.text, /bankrupt/);
  const request = requests.at(-1);
  assert.equal(request?.temperature, 0.9);
  assert.match(request?.prompt ?? '', /"tone":"direct","length":"medium","focus":"risk"/);
  assert.equal(request?.system, requests[0]?.system, 'what is fixed stays fixed, for the prefix cache');
  const times = asked();
  assert.equal((await run(OFFER)).id, second.id);
  assert.equal(asked(), times);
});
