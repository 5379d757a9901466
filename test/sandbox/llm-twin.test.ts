import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { LLM_TWIN_MODEL, startLlmTwin } from '../../sandbox/llm/twin.ts';
import type { Twin } from '../../sandbox/kit/twin.ts';

const KEY = 'sandbox-key';
const SCHEMA = {
  type: 'object',
  properties: {
    title: { type: 'string', maxLength: 30 },
    grade: { type: 'integer', minimum: 1, maximum: 5 },
  },
  required: ['title', 'grade'],
  additionalProperties: false,
};

let twin: Twin;
before(async () => {
  twin = await startLlmTwin({ apiKey: KEY, contextTokens: 2000 });
});
after(async () => {
  await twin.close();
});

async function post(body: unknown, key = KEY): Promise<{ status: number; message: string; code: unknown }> {
  const response = await fetch(`${twin.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  const error = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : null;
  const { message = '', code = null } = typeof error === 'object' && error !== null ? { ...error } : {};
  return { status: response.status, message: String(message), code };
}

async function setMode(change: object): Promise<number> {
  const response = await fetch(`${twin.url}/_twin/edit`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(change),
  });
  return response.status;
}

const messages = [{ role: 'user' as const, content: 'A sentence of some length stands here. Give me json.' }];
const good = { model: LLM_TWIN_MODEL, messages };
const openai = () => new OpenAI({ baseURL: `${twin.url}/v1`, apiKey: KEY, maxRetries: 0 });

test('What OpenAI and vLLM refuse is refused, in their words', async () => {
  const withSchema = (schema: object, strict = true) => ({
    ...good,
    response_format: { type: 'json_schema', json_schema: { name: 'x', strict, schema } },
  });
  const refused: [unknown, number, RegExp][] = [
    ['{"model": ', 400, /JSON/i],
    [{ ...good, model: 'gpt-0' }, 404, /does not exist/],
    [{ ...good, colour: 1 }, 400, /Unrecognized request argument supplied: colour/],
    [{ model: LLM_TWIN_MODEL, messages: [] }, 400, /messages/],
    [{ ...good, messages: [{ role: 'boss', content: 'hi' }] }, 400, /messages\.0\.role/],
    [{ ...good, messages: [{ role: 'user', content: 7 }] }, 400, /messages\.0\.content/],
    [{ ...good, max_tokens: 0 }, 400, /max_tokens/],
    [{ ...good, temperature: 3 }, 400, /temperature/],
    [{ ...good, max_tokens: 5, max_completion_tokens: 5 }, 400, /both/],
    [{ ...good, stream_options: { include_usage: true } }, 400, /only allowed when 'stream'/],
    [
      { ...good, messages: [{ role: 'user', content: 'hi' }], response_format: { type: 'json_object' } },
      400,
      /the word 'json'/,
    ],
    [
      { ...good, messages: [{ role: 'user', content: 'word '.repeat(3000) }] },
      400,
      /maximum context length is 2000/,
    ],
    [withSchema({ ...SCHEMA, additionalProperties: true }), 400, /additionalProperties/],
    [withSchema({ ...SCHEMA, required: ['title'] }), 400, /missing 'grade'/],
    [withSchema({ type: 'array', items: SCHEMA }), 400, /root must be an object/],
    [
      withSchema({
        ...SCHEMA,
        properties: { title: { type: 'string', maxLength: 9, pattern: '^a' }, grade: { type: 'integer' } },
      }),
      400,
      /together with length bounds/,
    ],
    [
      withSchema({
        ...SCHEMA,
        properties: { title: { type: 'string' }, grade: { type: 'integer', multipleOf: 2 } },
      }),
      400,
      /multipleOf/,
    ],
    [
      withSchema({
        ...SCHEMA,
        properties: {
          title: { type: 'array', items: { type: 'string' }, uniqueItems: true },
          grade: { type: 'integer' },
        },
      }),
      400,
      /uniqueItems/,
    ],
  ];
  for (const [body, status, message] of refused) {
    const answer = await post(body);
    assert.equal(answer.status, status, answer.message);
    assert.match(answer.message, message);
  }
  assert.deepEqual(await post(good, 'wrong'), {
    status: 401,
    message: 'Incorrect API key provided.',
    code: 'invalid_api_key',
  });
  const nowhere = await fetch(`${twin.url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
  });
  assert.equal(nowhere.status, 404);
});

test('The real client gets an answer that fits its schema, whole or streamed, the same each time', async () => {
  await setMode({ modes: [] });
  const body = {
    ...good,
    response_format: {
      type: 'json_schema' as const,
      json_schema: { name: 'x', strict: true, schema: SCHEMA },
    },
  };
  const whole = await openai().chat.completions.create(body);
  const content = whole.choices[0]?.message.content ?? '';
  const value: unknown = JSON.parse(content);
  assert.ok(typeof value === 'object' && value !== null && 'title' in value && 'grade' in value);
  assert.deepEqual(Object.keys(value), ['title', 'grade']);
  assert.ok(typeof value.title === 'string' && value.title.length <= 30);
  assert.equal(whole.choices[0]?.finish_reason, 'stop');

  const stream = await openai().chat.completions.create({
    ...body,
    stream: true,
    stream_options: { include_usage: true },
  });
  let streamed = '';
  let usage = null;
  for await (const chunk of stream) {
    streamed += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(streamed, content);
  assert.equal(usage?.completion_tokens, whole.usage?.completion_tokens);
});

test('max_tokens cuts the answer and says so', async () => {
  await setMode({ modes: [] });
  const answer = await openai().chat.completions.create({ ...good, max_tokens: 3 });
  assert.equal(answer.choices[0]?.finish_reason, 'length');
  assert.equal(answer.choices[0]?.message.content?.length, 12);
  assert.equal(answer.usage?.completion_tokens, 3);
});

test('Cached tokens are the longest beginning that an earlier prompt had', async () => {
  const ask = async (content: string) => {
    const answer = await openai().chat.completions.create({ ...good, messages: [{ role: 'user', content }] });
    return answer.usage?.prompt_tokens_details?.cached_tokens;
  };
  const beginning = 'The same words at the beginning. '.repeat(40);
  assert.equal(await ask(`${beginning} one`), 0);
  const again = (await ask(`${beginning} two`)) ?? 0;
  assert.ok(again > 300 && again <= 332, String(again));
  assert.equal(await ask(`Other. ${beginning} one`), 0);
});

test('Over its tokens per minute it answers 429 and says when to come back', async () => {
  const small = await startLlmTwin({ apiKey: KEY, tokensPerMinute: 60 });
  const ask = () =>
    fetch(`${small.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ ...good, max_tokens: 30 }),
    });
  let last = await ask();
  for (let tries = 0; tries < 5 && last.status === 200; tries += 1) last = await ask();
  assert.equal(last.status, 429);
  assert.match(last.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  assert.match(last.headers.get('retry-after-ms') ?? '', /^\d+$/);
  await ask();
  const dump: unknown = await (await fetch(`${small.url}/_twin/dump`)).json();
  assert.ok(typeof dump === 'object' && dump !== null && 'early' in dump);
  assert.equal(dump.early, 1);
  await small.close();
});

test('A mode that does not exist is refused, and shares of modes come from the seed', async () => {
  assert.equal(await setMode({ mode: 'wise' }), 400);
  assert.equal(await setMode({ mode: 'slow', delayMs: -1 }), 400);
  const draw = async () => {
    await setMode({ modes: [{ mode: 'refusing', share: 0.3 }], seed: 9 });
    const refusals: boolean[] = [];
    for (let call = 0; call < 30; call += 1) {
      const answer = await openai().chat.completions.create(good);
      refusals.push(typeof answer.choices[0]?.message.refusal === 'string');
    }
    return refusals;
  };
  const first = await draw();
  assert.deepEqual(await draw(), first);
  const refused = first.filter(Boolean).length;
  assert.ok(refused >= 4 && refused <= 15, String(refused));
  await setMode({ modes: [] });
});
