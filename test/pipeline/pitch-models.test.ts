import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { openConnectors } from '../../src/app-connectors.ts';
import { readConfig } from '../../src/config.ts';
import { noBreaker, noLimits } from '../../src/connectors/resilience.ts';
import { MAIN_PITCH } from '../../src/pipeline/6-pitch/prepare-pitch.ts';
import { savePitchSettings } from '../../src/pipeline/store/pitch-settings.ts';
import type { PitchWishes } from '../../src/pipeline/store/pitch-settings.ts';
import { findPitch, readPitchMaking } from '../../src/pipeline/store/pitches.ts';
import type { Pitch } from '../../src/pipeline/store/pitches.ts';
import { LLM_TWIN_MODEL, LLM_TWIN_OTHER, startLlmTwin } from '../../sandbox/llm/twin.ts';
import type { Twin } from '../../sandbox/kit/twin.ts';
import { seedCompany } from '../web/seed.ts';
import { openPitchBench } from './pitch-fixture.ts';
import type { PitchBench } from './pitch-fixture.ts';

const apiKey = 'sandbox-key';
// The only one of its modes that writes facts in the words of their quotes; what it invents beside them is cut.
const WRITES = { mode: 'hallucinating' } as const;
let twin: Twin;
let fallback: Twin;
let bench: PitchBench;
let barred: PitchBench;

before(async () => {
  twin = await startLlmTwin({ apiKey, modes: [WRITES] });
  fallback = await startLlmTwin({ apiKey, models: ['fallback-model'], modes: [WRITES] });
  const environment = {
    LLM_BASE_URL: `${twin.url}/v1`,
    LLM_API_KEY: apiKey,
    LLM_MODEL: LLM_TWIN_MODEL,
    LLM_MODELS: `${LLM_TWIN_OTHER}=1000/2000`,
    LLM_FALLBACK_BASE_URL: `${fallback.url}/v1`,
    LLM_FALLBACK_API_KEY: apiKey,
    LLM_FALLBACK_MODEL: 'fallback-model',
    LLM_USD_PER_M_INPUT: '1',
    LLM_USD_PER_M_OUTPUT: '1',
  };
  const open = (more: Record<string, string>) => {
    const config = readConfig({ ...environment, ...more });
    const { textModel } = openConnectors(config, { limits: noLimits, breaker: noBreaker });
    assert.ok(textModel);
    return { textModel, prices: config.prices };
  };
  bench = await openPitchBench(undefined, open({}));
  // The same workspace after the operator took the model away.
  barred = await openPitchBench(bench, open({ LLM_MODELS: '' }));
  await bench.within((tx) =>
    seedCompany(tx, bench.workspaceId, { domain: 'acme.example', name: 'Acme', score: 70 }),
  );
});
after(async () => {
  await barred.close();
  await bench.close();
  await twin.close();
  await fallback.close();
});

const Asked = z.looseObject({ byModel: z.record(z.string(), z.int()) });
const readAsked = async (of: Twin): Promise<Record<string, number>> =>
  Asked.parse(await (await fetch(`${of.url}/_twin/dump`)).json()).byModel;
const setMode = async (mode: object): Promise<void> => {
  const answer = await fetch(`${twin.url}/_twin/edit`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(mode),
  });
  assert.equal(answer.status, 200);
};

async function make(
  wishes: PitchWishes,
  { on = bench, force = false }: { on?: PitchBench; force?: boolean } = {},
): Promise<{ pitch: Pitch; changes: string[] }> {
  const order = { ...MAIN_PITCH, template: 'executive', wishes };
  const { requests } = await on.ask({ domains: ['acme.example'], order, force });
  const [asked] = requests;
  if (asked?.state === 'waiting') await on.work(asked.id);
  const { pitchId, error } = await on.find(asked?.id ?? '');
  assert.ok(pitchId, error ?? 'no pitch');
  return on.within(async (tx) => {
    const pitch = await findPitch(tx, pitchId);
    assert.ok(pitch);
    return { pitch, changes: ((await readPitchMaking(tx, pitch.id))?.changes ?? []).map(({ text }) => text) };
  });
}
const namesOf = ({ method, textModel, askedModel, chosenModel }: Pitch) => [method, textModel, askedModel, chosenModel]; // prettier-ignore

test('the model that is chosen for one pitch is the one that the endpoint is asked for, at its own price; going back is free', async () => {
  const usual = await make({});
  assert.deepEqual(namesOf(usual.pitch), ['llm', LLM_TWIN_MODEL, LLM_TWIN_MODEL, null]);
  const other = await make({ model: LLM_TWIN_OTHER });
  assert.deepEqual(namesOf(other.pitch), ['llm', LLM_TWIN_OTHER, LLM_TWIN_OTHER, LLM_TWIN_OTHER]);
  assert.equal(other.pitch.version, 2);
  assert.deepEqual(other.changes, [`LLM: ${LLM_TWIN_MODEL} → ${LLM_TWIN_OTHER}`]);
  const asked = { [LLM_TWIN_MODEL]: 1, [LLM_TWIN_OTHER]: 1 };
  assert.deepEqual(await readAsked(twin), asked);

  assert.equal((await make({})).pitch.id, usual.pitch.id);
  assert.equal((await make({ model: LLM_TWIN_OTHER })).pitch.id, other.pitch.id);
  assert.deepEqual(await readAsked(twin), asked);

  const booked = await bench.within(
    async (tx) =>
      (
        await tx.query<{ model: string; due: boolean }>(
          `select model, abs(usd * 1e6 - (prompt_tokens * case model when $1 then 1000 else 1 end + completion_tokens * case model when $1 then 2000 else 1 end)) < 0.01 as due
           from usage order by at`,
          [LLM_TWIN_OTHER],
        )
      ).rows,
  );
  assert.deepEqual(booked, [LLM_TWIN_MODEL, LLM_TWIN_OTHER].map((model) => ({ model, due: true }))); // prettier-ignore
});

test('where the fallback endpoint writes in place of the chosen model, the pitch names both, also when it is found again', async () => {
  await setMode({ mode: 'malformed' });
  const stood = await make({ model: LLM_TWIN_OTHER, tone: 'direct' });
  await setMode(WRITES);
  assert.deepEqual(namesOf(stood.pitch), ['llm', 'fallback-model', LLM_TWIN_OTHER, LLM_TWIN_OTHER]);
  assert.equal((await make({ model: LLM_TWIN_OTHER, tone: 'direct' })).pitch.id, stood.pitch.id);

  // A month later the stored answer is used again, and still known to be the fallback's.
  await bench.asOwner(
    `update pitches set written_at = written_at - interval '31 days' where id = '${stood.pitch.id}'`,
  );
  const later = await make({ model: LLM_TWIN_OTHER, tone: 'direct' });
  assert.notEqual(later.pitch.id, stood.pitch.id);
  assert.equal(later.pitch.textModel, 'fallback-model');
  assert.equal((await make({ model: LLM_TWIN_OTHER, tone: 'direct' }, { force: true })).pitch.textModel, LLM_TWIN_OTHER); // prettier-ignore
});

test('a model that is offered no more is refused where it is asked for, and what names it in the settings goes on with the usual one', async () => {
  await assert.rejects(
    barred.ask({ domains: ['acme.example'], order: { ...MAIN_PITCH, wishes: { model: LLM_TWIN_OTHER } } }),
    {
      // prettier-ignore
      message: `The model "${LLM_TWIN_OTHER}" is none of those that may be chosen`,
      fix: /Take one of sandbox-reader/,
    },
  );
  await bench.within((tx) => savePitchSettings(tx, bench.workspaceId, { model: LLM_TWIN_OTHER }));
  const kept = await make({ focus: 'risk' });
  assert.equal(kept.pitch.textModel, LLM_TWIN_OTHER);
  const fallen = await make({ focus: 'risk' }, { on: barred });
  assert.deepEqual(namesOf(fallen.pitch), ['llm', LLM_TWIN_MODEL, LLM_TWIN_MODEL, LLM_TWIN_OTHER]);
  assert.equal(fallen.changes[0], `LLM: ${LLM_TWIN_OTHER} → ${LLM_TWIN_MODEL}`);
});
