import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { guessDialect, nextDialect } from '../../src/connectors/llm/dialect.ts';
import { readAnswer } from '../../src/connectors/llm/find-json.ts';
import { createHedger } from '../../src/connectors/llm/hedge.ts';
import { createInFlight } from '../../src/connectors/llm/in-flight.ts';
import { countTokens } from '../../src/connectors/llm/tokens.ts';
import { toWireSchema } from '../../src/connectors/llm/wire-schema.ts';
import { ProviderError } from '../../src/errors.ts';

const signal = new AbortController().signal;

test('A schema is sent without what servers refuse, but with its bounds', () => {
  const schema = z.object({
    mail: z.email().max(80),
    code: z.string().regex(/^x/).max(5),
    count: z.int().min(1).max(9).multipleOf(2),
    any: z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b') })]),
    list: z.array(z.string().max(3)).max(4).nullable(),
  });
  const { bounded, loose } = toWireSchema('shape', schema);
  assert.doesNotMatch(JSON.stringify(bounded), /pattern|format|multipleOf|oneOf|\$schema|default/);
  assert.match(JSON.stringify(bounded), /"maxLength":80/);
  assert.doesNotMatch(JSON.stringify(loose), /maxLength/);
  assert.match(JSON.stringify(loose), /"maxItems":4/);
  assert.deepEqual(bounded.required, ['mail', 'code', 'count', 'any', 'list']);
  assert.equal(bounded.additionalProperties, false);
  assert.equal(toWireSchema('shape', schema), toWireSchema('shape', schema));
});

test('A schema that a model could fill without end, or with optional parts, is a mistake of ours', () => {
  const bad: [z.ZodType, RegExp][] = [
    [z.object({ text: z.string() }), /shape\.text is a string without a maximum/],
    [z.object({ list: z.array(z.boolean()) }), /shape\.list is an array without a maximum/],
    [z.object({ deep: z.array(z.object({ text: z.string() })).max(2) }), /shape\.deep\[\]\.text/],
    [z.object({ maybe: z.boolean().optional() }), /shape\.maybe is optional/],
    [z.object({ any: z.unknown() }), /shape\.any/],
    [z.array(z.boolean()).max(2), /not an object/],
  ];
  for (const [schema, message] of bad) assert.throws(() => toWireSchema('shape', schema), message);
  assert.throws(() => toWireSchema('Bad Name', z.object({})), /schema name/);
});

test('JSON is found wherever a model puts it, and nothing else is taken for it', () => {
  const schema = z.object({ a: z.string(), b: z.array(z.number()) });
  fc.assert(
    fc.property(
      fc.record({ a: fc.string({ unit: 'binary' }), b: fc.array(fc.integer()) }),
      fc.constantFrom(
        (json: string) => json,
        (json: string) => `\n\n${json}\n`,
        (json: string) => `\`\`\`json\n${json}\n\`\`\``,
        (json: string) => `Here it is {roughly}: ${json} That's all, {really}.`,
        (json: string) => `<think>{"a": 1} hm</think>\n${json}`,
      ),
      (value, wrap) => {
        // A fence ends at the first ```, so a fenced text can't hold one.
        fc.pre(!value.a.includes('`'));
        const read = readAnswer(wrap(JSON.stringify(value)), schema);
        assert.deepEqual(read, {
          ok: true,
          value: { ...value, a: value.a.replaceAll('\0', '').toWellFormed() },
        });
      },
    ),
  );
  for (const text of ['', 'no', '[1]', '"text"', 'null', '{"a": "x"', '{{{{'.repeat(10_000)])
    assert.deepEqual(readAnswer(text, schema), { ok: false, problem: 'it holds no JSON object' });
  const wrong = readAnswer('{"a": 1, "b": []}', schema);
  assert.ok(!wrong.ok && /a/.test(wrong.problem) && wrong.problem.length <= 600);
});

test('Any text is read without throwing, in bounded time', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      (text) => void readAnswer(text, z.object({ a: z.string() })),
    ),
  );
  const began = performance.now();
  readAnswer('{"a":'.repeat(200_000), z.object({ a: z.string() }));
  readAnswer('{ '.repeat(500_000), z.object({ a: z.string() }));
  assert.ok(performance.now() - began < 3000);
});

test('Tokens are counted also where a text spells out special tokens or never breaks', () => {
  assert.equal(countTokens(''), 0);
  assert.ok(countTokens('<|endoftext|> <|im_start|>') > 2);
  assert.ok(Math.abs(countTokens('The company trains its own models. '.repeat(100)) - 700) < 10);
  const began = performance.now();
  const letters =
    countTokens('a'.repeat(300_000)) + countTokens(' '.repeat(300_000)) + countTokens('数'.repeat(100_000));
  assert.ok(letters > 10_000);
  assert.ok(performance.now() - began < 4000);
});

test('Only a refusal of how we asked leads to another way of asking, and the ways come to an end', () => {
  const refuse = (message: string, status = 400, code?: string) =>
    new ProviderError({ provider: 'llm', operation: 'ask', kind: 'refused', status, code, message });
  const start = guessDialect('https://api.inference.crusoecloud.com/v1');
  assert.deepEqual(start, {
    rung: 'json_schema',
    tokensField: 'max_tokens',
    temperature: true,
    stream: true,
  });
  assert.equal(guessDialect('https://api.openai.com/v1').tokensField, 'max_completion_tokens');
  assert.equal(guessDialect('https://corp.openai.azure.com/openai/v1/').rung, 'json_schema_loose');
  assert.equal(
    nextDialect(start, refuse('use max_completion_tokens instead'))?.tokensField,
    'max_completion_tokens',
  );
  assert.equal(nextDialect(start, refuse('temperature is not supported'))?.temperature, false);
  assert.equal(nextDialect(start, refuse('grammar error'))?.rung, 'json_schema_loose');
  assert.equal(nextDialect({ ...start, rung: 'prompt' }, refuse('no')), null);
  assert.equal(nextDialect(start, refuse('too long', 400, 'context_length_exceeded')), null);
  assert.equal(nextDialect(start, refuse('forbidden', 451)), null);
  assert.equal(nextDialect(start, new Error('a bug')), null);
});

test('The token limit is never exceeded by batch calls, everyone gets in, and a stop leaves the queue', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 20 }),
      async (sizes) => {
        const inFlight = createInFlight(100);
        let used = 0;
        let alone = true;
        await Promise.all(
          sizes.map(async (tokens) => {
            const leave = await inFlight.enter(tokens, false, signal);
            used += tokens;
            alone = alone && (used <= 90 || used === tokens);
            await new Promise((resolve) => setImmediate(resolve));
            used -= tokens;
            leave();
          }),
        );
        assert.ok(alone);
      },
    ),
    { numRuns: 50 },
  );
  const inFlight = createInFlight(100);
  const leave = await inFlight.enter(90, false, signal);
  const stop = new AbortController();
  const large = inFlight.enter(80, false, stop.signal);
  const small = inFlight.enter(5, true, signal);
  (await small)();
  stop.abort(new Error('stopped'));
  await assert.rejects(large, /stopped/);
  leave();
  (await inFlight.enter(100, true, signal))();
});

test('After an overload less is worked on at once, until calls end well again', async () => {
  const inFlight = createInFlight(1000);
  inFlight.shrink();
  inFlight.shrink();
  // 1,000 × 0.7, once for both, less the share for people: 630.
  const leave = await inFlight.enter(600, false, signal);
  let entered = false;
  const second = inFlight.enter(100, false, signal).then((done) => ((entered = true), done));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(entered, false);
  leave();
  (await second)();
});

test('A hedge that fails leaves the first request in the race, and the first failure is the one told', async () => {
  const hedger = createHedger({ floorMs: 1, ceilingMs: 10 });
  const lanes: boolean[] = [];
  const answer = await hedger.race('reading', signal, async (lane) => {
    lanes.push(lane.hedge);
    return lane.watch(async () => {
      if (lane.hedge) throw new Error('second failed');
      await new Promise((resolve) => setTimeout(resolve, 60));
      return 'first';
    });
  });
  assert.deepEqual([answer, lanes], ['first', [false, true]]);
  await assert.rejects(
    hedger.race('reading', signal, async (lane) =>
      lane.watch(async () => {
        await new Promise((resolve) => setTimeout(resolve, lane.hedge ? 5 : 40));
        throw new Error(lane.hedge ? 'second failed' : 'first failed');
      }),
    ),
    /first failed/,
  );
});

test('A call that hangs since before there were samples is hedged as soon as there are', async () => {
  const hedger = createHedger({ floorMs: 1 });
  const signal = new AbortController().signal;
  const hanging = hedger.race('reading', signal, async (lane) =>
    lane.watch(
      () =>
        new Promise<string>((resolve, reject) => {
          if (lane.hedge) resolve('hedged');
          else lane.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        }),
    ),
  );
  for (let call = 0; call < 8; call += 1)
    await hedger.race('reading', signal, async (lane) => lane.watch(async () => 'quick'));
  assert.equal(await hanging, 'hedged');
});
