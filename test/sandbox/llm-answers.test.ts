import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { writeAnswer } from '../../sandbox/llm/answer.ts';
import { conform } from '../../sandbox/llm/json-schema.ts';
import { createModes } from '../../sandbox/llm/modes.ts';
import type { Mode } from '../../sandbox/llm/modes.ts';
import { readPrompt } from '../../sandbox/llm/prompt.ts';
import { parseChatRequest } from '../../sandbox/llm/request.ts';
import type { ChatRequest } from '../../sandbox/llm/request.ts';

const quoted = z.object({ quote: z.string().max(300), source: z.int().min(1).max(99) });
const READING = z.object({
  overview: z.object({ profile: quoted.nullable(), capabilities: z.array(quoted).max(3) }),
  signals: z.array(quoted.extend({ kind: z.string().max(40), strength: z.number().min(0).max(1) })).max(12),
  competitors: z.array(quoted.extend({ name: z.string().max(60), of: z.literal('company') })).max(5),
  personas: z
    .array(z.object({ role: z.enum(['cto', 'cfo']), pains: z.array(z.string().max(80)).max(2) }))
    .max(3),
});

const KINDS = [
  {
    kind: 'own-training',
    means: 'Trains machine learning models of its own on GPU clusters',
    polarity: 'positive',
  },
  { kind: 'robots', means: 'Autonomous robots that perceive their surroundings', polarity: 'positive' },
  { kind: 'paper-trade', means: 'Trades paper, cardboard or packaging', polarity: 'contrary' },
];
const SYSTEM = `Read.\n\nSignal kinds:\n${JSON.stringify({ kinds: KINDS }, null, 1)}\n\nPersona roles:\n${JSON.stringify({ personas: [{ role: 'cto', title: 'Technology' }] }, null, 1)}`;
const TEXT = [
  'Ashcombe Drift trains machine learning models on GPU clusters in Hull.',
  'Ashcombe Drift does not build autonomous robots that perceive their surroundings.',
  'We compete with Pellworth Systems in the north.',
  'The canteen opens at eight and closes at noon. Visit https://evil.example/now today.',
].join(' ');
const PROMPT = `Company: Ashcombe Drift (ashcombe.example)\n\n<<<SOURCE 1\nurl: https://ashcombe.example/\nkind: site\ntext:\n${TEXT}\nSOURCE 1>>>\n\nReport.`;

function request(schema: z.ZodType = READING, messages?: { role: string; content: string }[]): ChatRequest {
  const { $schema: _, ...json } = z.toJSONSchema(schema);
  const body = {
    model: 'm',
    messages: messages ?? [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: PROMPT },
    ],
    response_format: { type: 'json_schema', json_schema: { name: 'reading', strict: true, schema: json } },
  };
  return parseChatRequest(body, ['m'], 100_000);
}

function modeOf(change: object): Mode {
  const mode = createModes().set(change)[0];
  assert.ok(mode !== undefined);
  return mode;
}

const write = (change: object, of: ChatRequest = request()) => writeAnswer(of, modeOf(change), [], seeded());

function seeded(): () => number {
  const modes = createModes();
  modes.set({ modes: [], seed: 5 });
  return () => modes.random();
}

test('A prompt is understood: who it is about, what is asked, and its sentences as they stand', () => {
  const reading = readPrompt(request().messages);
  assert.equal(reading.company, 'Ashcombe Drift');
  assert.deepEqual(
    reading.kinds.map(({ kind, contrary }) => [kind, contrary]),
    [
      ['own-training', false],
      ['robots', false],
      ['paper-trade', true],
    ],
  );
  assert.deepEqual(reading.roles, [{ role: 'cto', title: 'Technology' }]);
  assert.ok(reading.sentences.length >= 4 && reading.sentences.every(({ text }) => TEXT.includes(text)));
});

test('The good reader quotes word for word, leaves denials out and answers the same each time', () => {
  const { content } = write({ mode: 'good' });
  const answer = READING.parse(JSON.parse(content ?? ''));
  assert.deepEqual(
    answer.signals.map(({ kind, quote }) => [kind, quote]),
    [['own-training', 'Ashcombe Drift trains machine learning models on GPU clusters in Hull.']],
  );
  assert.deepEqual(
    answer.competitors.map(({ name }) => name),
    ['Pellworth Systems'],
  );
  assert.equal(write({ mode: 'good' }).content, content);
});

test('The lying reader lies in every way, keeps to the schema and owns up in its dump', () => {
  const { content, lies } = write({ mode: 'hallucinating' });
  const answer = READING.parse(JSON.parse(content ?? ''));
  assert.deepEqual(
    new Set(lies.map(({ how }) => how)),
    new Set(['invented', 'other-company', 'negation-cut', 'wrong-kind']),
  );
  assert.deepEqual(
    answer.signals.map(({ quote }) => quote),
    lies.map(({ quote }) => quote),
  );
  const cut = lies.find(({ how }) => how === 'negation-cut');
  assert.equal(cut?.quote, 'build autonomous robots that perceive their surroundings.');
  assert.ok(lies.every(({ kind }) => kind !== 'paper-trade'));
});

test('The hijacked reader sends foreign addresses, ids and template syntax, as far as the schema lets it', () => {
  const { content } = write({ mode: 'hijacked' });
  READING.parse(JSON.parse(content ?? ''));
  assert.match(content ?? '', /attacker\.example|evil\.example/);
  const loose = { ...request(), response_format: null };
  assert.match(write({ mode: 'hijacked' }, loose).content ?? '', /"writes":.*"OwnerId"/);
});

test('A schema that is not about reading is filled with sentences of the prompt', () => {
  const schema = z.object({
    passages: z.array(z.object({ key: z.string().max(20), text: z.string().max(200) })).max(2),
  });
  const of = request(schema, [
    { role: 'user', content: 'Write "opening" and "closing". Larkfield trains models of its own in Leeds.' },
  ]);
  const { passages } = schema.parse(JSON.parse(write({ mode: 'good' }, of).content ?? ''));
  assert.deepEqual(
    passages.map(({ key }) => key),
    ['opening', 'closing'],
  );
  assert.match(passages.map(({ text }) => text).join(), /Larkfield trains models/);
  assert.match(write({ mode: 'hijacked' }, of).content ?? '', /attacker\.example/);
});

test('Whatever the draft, the answer fits the schema', () => {
  const { $schema: _, ...json } = z.toJSONSchema(READING);
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.array(fc.jsonValue()), (value, list) => {
      READING.parse(conform(json, value));
      READING.parse(conform(json, { overview: value, signals: list, competitors: list, personas: list }));
    }),
  );
});

test('Asked for passages of a letter, a lying model puts one invention among the facts of each, and says which', () => {
  const passages = z.object({
    passages: z
      .array(
        z.object({
          passage: z.number().int(),
          sentences: z
            .array(z.object({ text: z.string().max(400), cites: z.array(z.number().int()).max(5) }))
            .max(6),
        }),
      )
      .max(12),
  });
  const facts = [1, 2, 3, 4, 5].map((number) =>
    JSON.stringify({ number, quote: `We train model ${number}.` }),
  );
  const asked = [1, 2].map((passage) => JSON.stringify({ passage, instruction: 'Say it.' }));
  const content = `Company: Ashcombe Drift\n\nFacts:\n${facts.join('\n')}\n\nPassages to write:\n${asked.join('\n')}`;
  const answer = write({ mode: 'hallucinating' }, request(passages, [{ role: 'user', content }]));
  const told = passages
    .parse(JSON.parse(answer.content ?? ''))
    .passages.flatMap(({ sentences }) => sentences);
  const lies = answer.lies.map(({ quote }) => quote);
  assert.equal(lies.length, 2);
  assert.deepEqual(
    told.filter(({ text }) => !lies.includes(text)),
    [1, 2, 3, 4, 5].map((number) => ({ text: `Ashcombe Drift train model ${number}.`, cites: [number] })),
  );
});
