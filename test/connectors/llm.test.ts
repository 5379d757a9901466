import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { ProviderCall } from '../../src/connectors/call.ts';
import { createLlm, createTextModels, llmBuckets } from '../../src/connectors/llm/llm.ts';
import type { LlmOptions } from '../../src/connectors/llm/llm.ts';
import { createPolicy, noBreaker, noLimits } from '../../src/connectors/resilience.ts';
import type { PolicyOptions } from '../../src/connectors/resilience.ts';
import type { TextModel } from '../../src/connectors/text-model.ts';
import { ProviderDownError } from '../../src/errors.ts';
import { LLM_TWIN_MODEL, LLM_TWIN_OTHER, startLlmTwin } from '../../sandbox/llm/twin.ts';
import type { Twin } from '../../sandbox/kit/twin.ts';

const KEY = 'sandbox-key';
const signal = new AbortController().signal;

const ANSWER = z.object({
  overview: z.object({
    profile: z.object({ quote: z.string().max(400), source: z.int().min(1).max(99) }).nullable(),
  }),
  signals: z
    .array(
      z.object({
        kind: z.string().max(40),
        quote: z.string().max(400),
        source: z.int().min(1).max(99),
        strength: z.number().min(0).max(1),
      }),
    )
    .max(10),
});

const SYSTEM = `You read documents. Answer with JSON.

Signal kinds:
${JSON.stringify(
  {
    kinds: [
      { kind: 'own-training', means: 'Trains machine learning models of its own on GPU clusters' },
      { kind: 'own-fleet', means: 'Builds autonomous vehicles or robots that drive' },
    ],
  },
  null,
  1,
)}`;

const PROMPT = `Company: Larkfield Motion (larkfield.example)

<<<SOURCE 1
url: https://larkfield.example/
kind: site
title: Larkfield
text:
Larkfield Motion trains its own machine learning models on GPU clusters in Leeds. The office has a canteen.
SOURCE 1>>>

Report what the source says.`;

const request = {
  system: SYSTEM,
  prompt: PROMPT,
  schemaName: 'company_reading',
  schema: ANSWER,
  maxTokens: 800,
  temperature: 0,
};

let twin: Twin;
let other: Twin;
before(async () => {
  twin = await startLlmTwin({ apiKey: KEY });
  other = await startLlmTwin({ apiKey: KEY, models: ['second'] });
});
after(async () => {
  await twin.close();
  await other.close();
});

function model(options: Partial<LlmOptions> = {}, policy: Partial<PolicyOptions> = {}): TextModel {
  const label = options.label ?? 'llm';
  return createLlm({
    label,
    baseUrl: `${twin.url}/v1`,
    apiKey: KEY,
    model: LLM_TWIN_MODEL,
    policy: createPolicy({
      provider: label,
      limits: noLimits,
      breaker: noBreaker,
      buckets: llmBuckets(label),
      attempts: 3,
      attemptTimeoutMs: 10_000,
      totalTimeoutMs: 20_000,
      backoffMs: { first: 5, max: 20 },
      ...policy,
    }),
    ...options,
  });
}

/** Puts the twin into modes and faults for one test, and forgets its calls. */
async function play(to: Twin, change: { mode?: object; faults?: object } = {}): Promise<void> {
  const post = async (path: string, body: object) => {
    const response = await fetch(`${to.url}/_twin/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 200, await response.text());
  };
  await post('edit', change.mode ?? { modes: [] });
  await post('faults', change.faults ?? {});
  to.kit.calls.clear();
}

const chats = (of: Twin) => of.kit.calls.list().filter((call) => call.path === '/v1/chat/completions');

async function askWithLedger(asked: TextModel, options: { signal?: AbortSignal } = {}) {
  const ledger: ProviderCall[] = [];
  const answer = await asked.ask(request, { signal, ...options, onCall: (call) => ledger.push(call) });
  return { answer, ledger };
}

test('An answer fits the schema, quotes the source and says what it cost', async () => {
  await play(twin);
  const { answer, ledger } = await askWithLedger(model());
  assert.deepEqual(
    answer.value.signals.map(({ kind, quote }) => [kind, quote]),
    [['own-training', 'Larkfield Motion trains its own machine learning models on GPU clusters in Leeds.']],
  );
  assert.deepEqual([answer.provider, answer.model, answer.repaired], ['llm', LLM_TWIN_MODEL, false]);
  assert.ok(answer.promptTokens > 200 && answer.completionTokens > 20);
  const [call] = ledger;
  assert.equal(ledger.length, 1);
  assert.deepEqual(
    [call?.provider, call?.operation, call?.ok, call?.requests, call?.hedges, call?.model],
    ['llm', 'ask', true, 1, undefined, LLM_TWIN_MODEL],
  );
  assert.deepEqual(
    [call?.promptTokens, call?.completionTokens],
    [answer.promptTokens, answer.completionTokens],
  );
});

test('The fixed beginning of a prompt is served from the prefix cache for the next company', async () => {
  await play(twin);
  await model().ask(request, { signal });
  const prompt = PROMPT.replaceAll('Larkfield', 'Osmotherley');
  const second = await model().ask({ ...request, prompt }, { signal });
  assert.ok(second.cachedTokens >= 240, `cached ${second.cachedTokens}`);
  assert.ok(second.cachedTokens < second.promptTokens);
});

test('A server without json_schema is asked for json_object, and from then on at once', async () => {
  await play(twin, { mode: { mode: 'no-json-schema' } });
  const asked = model();
  const { answer, ledger } = await askWithLedger(asked);
  assert.equal(answer.value.signals.length, 1);
  assert.deepEqual(
    ledger.map(({ ok }) => ok),
    [false, false, true],
  );
  const next = await askWithLedger(asked);
  assert.deepEqual(
    next.ledger.map(({ ok }) => ok),
    [true],
  );
});

test('A server without any response_format is asked by the prompt alone', async () => {
  await play(twin, { mode: { mode: 'no-response-format' } });
  const { answer, ledger } = await askWithLedger(model());
  assert.equal(answer.value.signals.length, 1);
  assert.equal(ledger.length, 4);
});

test('A reasoning model is asked in its own dialect, which is learned from its refusals', async () => {
  await play(twin, { mode: { mode: 'openai' } });
  const asked = model();
  const { answer, ledger } = await askWithLedger(asked);
  assert.equal(answer.value.signals.length, 1);
  assert.equal(ledger.length, 4);
  assert.equal((await askWithLedger(asked)).ledger.length, 1);
});

test('A refusal that no dialect cures comes out as the server first said it', async () => {
  await play(twin);
  const long = { ...request, prompt: 'word '.repeat(120_000) };
  await assert.rejects(model().ask(long, { signal }), { kind: 'refused', code: 'context_length_exceeded' });
  assert.equal(chats(twin).length, 1);
});

test('JSON in a fence or amid prose is found without a repair', async () => {
  for (const form of ['fenced', 'prose']) {
    await play(twin, { mode: { mode: 'malformed', form } });
    const { answer } = await askWithLedger(model());
    assert.deepEqual([answer.repaired, answer.value.signals.length], [false, 1], form);
  }
});

test('A broken answer is repaired once, and both rounds are paid for', async () => {
  for (const form of ['broken', 'wrong-types', 'empty']) {
    await play(twin, { mode: { mode: 'malformed', form, firstTimeOnly: true } });
    const { answer, ledger } = await askWithLedger(model());
    assert.deepEqual([answer.repaired, answer.value.signals.length], [true, 1], form);
    assert.deepEqual(
      ledger.map(({ operation }) => operation),
      ['ask', 'repair'],
    );
    assert.equal(answer.promptTokens, (ledger[0]?.promptTokens ?? 0) + (ledger[1]?.promptTokens ?? 0));
  }
});

test('A server that ignores response_format still yields a valid answer', async () => {
  await play(twin, { mode: { mode: 'ignores-schema' } });
  const { answer } = await askWithLedger(model());
  assert.deepEqual([answer.repaired, answer.value.signals.length], [true, 1]);
});

test('An answer that stays broken is a typed failure after one repair', async () => {
  await play(twin, { mode: { mode: 'malformed', form: 'broken' } });
  await assert.rejects(model().ask(request, { signal }), { kind: 'malformed', message: /company_reading/ });
  assert.equal(chats(twin).length, 2);
});

test('An answer cut off at its token limit is asked again, then reported as too long', async () => {
  await play(twin);
  const short = { ...request, maxTokens: 20 };
  await assert.rejects(model().ask(short, { signal }), {
    kind: 'malformed',
    code: 'length',
    message: /cut off at 20 tokens/,
  });
  assert.equal(chats(twin).length, 2);
});

test('A refusal and a content filter are refusals, not repaired', async () => {
  for (const [form, code] of [
    ['refusal', 'refusal'],
    ['content_filter', 'content_filter'],
  ]) {
    await play(twin, { mode: { mode: 'refusing', form } });
    await assert.rejects(model().ask(request, { signal }), { kind: 'refused', code });
    assert.equal(chats(twin).length, 1);
  }
});

test('Wrong keys and unknown models say what to fix', async () => {
  await play(twin);
  await assert.rejects(model({ apiKey: 'wrong' }).ask(request, { signal }), {
    kind: 'unauthorized',
    fix: /API key of llm/,
  });
  await assert.rejects(model({ model: 'nope' }).ask(request, { signal }), {
    kind: 'not-found',
    fix: /model name/,
  });
  assert.equal(chats(twin).length, 2);
});

test('Resets, 500s and 503s are tried again; the ledger counts each request', async () => {
  for (const fault of ['rateReset', 'rate500', 'rate503']) {
    await play(twin, { faults: { [fault]: 1, limit: 2 } });
    const { ledger } = await askWithLedger(model());
    assert.deepEqual([ledger.length, ledger[0]?.requests, ledger[0]?.ok], [1, 3, true], fault);
  }
});

test('A garbled answer body is asked for once more', async () => {
  await play(twin, { faults: { rateGarbage: 1, limit: 1 } });
  const { answer, ledger } = await askWithLedger(model());
  assert.equal(answer.value.signals.length, 1);
  assert.deepEqual(
    ledger.map(({ ok }) => ok),
    [false, true],
  );
});

test('No request goes out before Retry-After, however many are under way', async () => {
  await play(twin, { faults: { rate429: 0.3, retryAfterSeconds: 0.15, seed: 3 } });
  const asked = model({}, { attempts: 12, totalTimeoutMs: 60_000 });
  await Promise.all(Array.from({ length: 6 }, async () => askWithLedger(asked)));
  const calls = chats(twin);
  const refused = calls.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0);
  // What was already on its way when the first refusal was written can't be called back.
  const afterwards = calls.filter(
    (call) => call.early && refused.some((each) => call.at > each.at + 60 && call.at < each.at + 140),
  );
  assert.deepEqual(afterwards, []);
});

test('A server over its own requests per minute is waited for, exactly as long as it says', async () => {
  const small = await startLlmTwin({ apiKey: KEY, requestsPerMinute: 60 });
  try {
    const asked = model({ baseUrl: `${small.url}/v1` });
    const refused = () => chats(small).filter(({ status }) => status === 429);
    // One at a time, so that the refusals are met by one caller: its bucket holds 60, then gives one a second.
    for (let call = 0; call < 300 && refused().length === 0; call += 1) await asked.ask(request, { signal });
    assert.ok(refused().length >= 1, 'the limit was reached');
    const dump: unknown = await (await fetch(`${small.url}/_twin/dump`)).json();
    assert.ok(typeof dump === 'object' && dump !== null && 'early' in dump);
    assert.equal(dump.early, 0);
  } finally {
    await small.close();
  }
});

test('One hung call is answered by a hedge, which the ledger counts', async () => {
  await play(twin);
  const asked = model({ hedge: { floorMs: 60 } });
  for (let call = 0; call < 8; call += 1) await askWithLedger(asked);
  await play(twin, { faults: { rateHang: 1, limit: 1 } });
  const began = performance.now();
  const { answer, ledger } = await askWithLedger(asked);
  assert.ok(performance.now() - began < 5000);
  assert.equal(answer.value.signals.length, 1);
  assert.deepEqual([ledger.length, ledger[0]?.requests, ledger[0]?.hedges, ledger[0]?.ok], [1, 2, 1, true]);
  assert.ok((ledger[0]?.promptTokens ?? 0) > 0);
});

test('Nothing is hedged before there are samples, unless a ceiling is set', async () => {
  await play(twin, { faults: { rateHang: 1, limit: 1 } });
  const patient = await askWithLedger(model({}, { attemptTimeoutMs: 150 }));
  assert.deepEqual([patient.ledger[0]?.requests, patient.ledger[0]?.hedges], [2, undefined]);
  await play(twin, { faults: { rateHang: 1, limit: 1 } });
  const hasty = await askWithLedger(model({ hedge: { floorMs: 20, ceilingMs: 50 } }));
  assert.deepEqual([hasty.ledger[0]?.requests, hasty.ledger[0]?.hedges], [2, 1]);
});

test('When everything hangs, hedges stay a small part of the calls', async () => {
  await play(twin);
  // Many times what a call takes, also where the processor is busy: a hedge comes after twice that.
  const asked = model({ hedge: { floorMs: 5 } }, { attempts: 1, attemptTimeoutMs: 2_000 });
  for (let call = 0; call < 8; call += 1) await askWithLedger(asked);
  await play(twin, { faults: { rateHang: 1 } });
  const ledger: ProviderCall[] = [];
  await Promise.allSettled(
    Array.from({ length: 50 }, () => asked.ask(request, { signal, onCall: (call) => ledger.push(call) })),
  );
  assert.equal(ledger.length, 50);
  const hedges = ledger.reduce((sum, call) => sum + (call.hedges ?? 0), 0);
  assert.ok(hedges >= 1 && hedges <= 5, `${hedges} hedges`);
});

test('A slow answer ends at the attempt timeout as an outage', async () => {
  await play(twin, { mode: { mode: 'slow', delayMs: 3000 } });
  const began = performance.now();
  const hung = model({}, { attempts: 2, attemptTimeoutMs: 80 }).ask(request, { signal });
  await assert.rejects(hung, { kind: 'unavailable', message: /no answer within 80 ms/ });
  assert.ok(performance.now() - began < 2000);
  await play(twin);
});

test('An abort ends a call in flight at once, with its own reason, and closes the connection', async () => {
  await play(twin, { faults: { rateHang: 1 } });
  const stop = new AbortController();
  const reason = new Error('the run was cancelled');
  const asked = model().ask(request, { signal: stop.signal });
  setTimeout(() => stop.abort(reason), 50);
  await assert.rejects(asked, reason);
  await play(twin);
});

test('When the first endpoint is down, breaks or refuses, the fallback answers and says so', async () => {
  const fallback = model({ label: 'llm-fallback', baseUrl: `${other.url}/v1`, model: 'second' });
  for (const change of [
    { faults: { down: true } },
    { mode: { mode: 'malformed' } },
    { mode: { mode: 'refusing' } },
    { faults: { rateGarbage: 1 } },
  ]) {
    await play(twin, change);
    const { answer, ledger } = await askWithLedger(createTextModels(model(), fallback));
    assert.deepEqual([answer.provider, answer.model], ['llm-fallback', 'second']);
    assert.equal(ledger.at(-1)?.provider, 'llm-fallback');
  }
  await play(twin);
  const openUntil = new Date(Date.now() + 60_000);
  const open = model({}, { breaker: { enter: async () => ({ openUntil }), report: async () => {} } });
  assert.equal((await askWithLedger(createTextModels(open, fallback))).answer.provider, 'llm-fallback');
  assert.equal((await askWithLedger(createTextModels(model(), fallback))).answer.provider, 'llm');
  await assert.rejects(createTextModels(open).ask(request, { signal }), ProviderDownError);
});

test('When both endpoints fail, the failure that waiting can cure comes out', async () => {
  const fallback = model({ label: 'llm-fallback', baseUrl: `${other.url}/v1`, model: 'second' });
  const both = createTextModels(model(), fallback);
  await play(twin, { faults: { down: true } });
  await play(other, { mode: { mode: 'refusing' } });
  await assert.rejects(both.ask(request, { signal }), { kind: 'unavailable', provider: 'llm' });
  await play(twin, { mode: { mode: 'refusing' } });
  await play(other, { faults: { down: true } });
  await assert.rejects(both.ask(request, { signal }), { kind: 'unavailable', provider: 'llm-fallback' });
  await play(twin);
  await play(other);
});

test('A stop by the caller does not fall back', async () => {
  await play(twin, { faults: { rateHang: 1 } });
  await play(other);
  const stop = new AbortController();
  const fallback = model({ label: 'llm-fallback', baseUrl: `${other.url}/v1`, model: 'second' });
  const asked = createTextModels(model(), fallback).ask(request, { signal: stop.signal });
  setTimeout(() => stop.abort(new Error('stopped')), 30);
  await assert.rejects(asked, /stopped/);
  assert.equal(chats(other).length, 0);
  await play(twin);
});

test('A limit on tokens in flight with room for one call lets them through in turn, and people first', async () => {
  await play(twin, { faults: { latencyMs: 50 } });
  // With room for two, calls that end together let the next two begin together, and either may be answered first.
  const asked = model({ maxInFlightTokens: 1500 });
  const ended: string[] = [];
  const batch = Array.from({ length: 4 }, (_, n) =>
    asked.ask(request, { signal }).then(() => ended.push(`batch ${n}`)),
  );
  const person = asked.ask(request, { signal, interactive: true }).then(() => ended.push('person'));
  await Promise.all([...batch, person]);
  assert.deepEqual(ended, ['batch 0', 'person', 'batch 1', 'batch 2', 'batch 3']);
  await play(twin);
});

test('A server without keys is called without one being set', async () => {
  const keyless = await startLlmTwin({ apiKey: 'none' });
  const { answer } = await askWithLedger(model({ apiKey: '', baseUrl: `${keyless.url}/v1` }));
  assert.equal(answer.value.signals.length, 1);
  await keyless.close();
});

test('The health check lists the models, and fails with the reason', async () => {
  await play(twin);
  assert.deepEqual(await model().check({ signal }), { models: [LLM_TWIN_MODEL, LLM_TWIN_OTHER] });
  await assert.rejects(model({ apiKey: 'wrong' }).check({ signal }), { kind: 'unauthorized' });
  const gone = await startLlmTwin({ apiKey: KEY });
  await gone.close();
  await assert.rejects(model({ baseUrl: `${gone.url}/v1` }, { attempts: 1 }).check({ signal }), {
    kind: 'unavailable',
    maybeApplied: false,
  });
});
