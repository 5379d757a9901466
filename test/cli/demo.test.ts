import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { fieldnote, makeFolder } from './run-command.ts';
import type { Ended } from './run-command.ts';

let home: { path: string; remove(): Promise<void> };
let first: Ended;
const env = (): Record<string, string> => ({ FIELDNOTE_HOME: home.path, PORT: '0' });

before(async () => {
  home = await makeFolder();
  first = await fieldnote(['demo', '--once', '--limit', '10'], { env: env() });
});
after(() => home.remove());

test('demo --once does the whole job and ends with the ranked companies', () => {
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /# +company +domain +band +score +sure +top reason +source/);
  assert.match(first.stdout, / 1 +Lark & Loom +lark-and-loom\.example +A /);
  assert.match(first.stdout, /10 scored, 0 without enough evidence, 0 failed, of 10 companies/);
  assert.match(first.stdout, /salesforce +Account +applied +\d+ +\d+/);
  assert.match(first.stdout, /hubspot +contact +applied +\d+ +\d+/);
  assert.match(first.stdout, /tavily +search +\d+/);
  assert.match(first.stdout, /method: phrases/);
  assert.match(first.stdout, /npx fieldnote score lark-and-loom\.example/);
  assert.match(first.stderr, /companies +█+ 10\/10/);
  assert.doesNotMatch(first.stdout + first.stderr, /\n\s+at |\{"level"/, 'no stack trace, no log line');
});

test('the same demo again finds everything as it left it', async () => {
  const again = await fieldnote(['demo', '--once', '--limit', '10'], { env: env() });
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /Nothing had to be written to the CRMs/);
  assert.doesNotMatch(again.stdout, /tavily|website|batch update|composite/);
});

const Text = z.string().nullable();
const Card = z.strictObject({
  domain: z.string(),
  name: z.string(),
  score: z.number().nullable(),
  band: Text,
  confidence: z.number().min(0).max(1),
  status: z.enum(['scored', 'not-enough-evidence']),
  why: Text,
  model: z.string(),
  modelVersion: z.string(),
  scoredAt: z.iso.datetime(),
  reasons: z.array(
    z.strictObject({
      kind: z.string(),
      label: z.string(),
      points: z.number(),
      quote: Text,
      url: Text,
      published: Text,
    }),
  ),
  missing: z.array(z.string()),
  personas: z.array(z.looseObject({ role: z.string(), title: z.string() })),
  competitors: z.array(z.looseObject({ name: z.string(), quote: z.string(), url: z.string() })),
  pitch: z
    .strictObject({ keyPoints: z.array(z.string()), callToAction: z.string(), text: z.string() })
    .nullable(),
  cost: z.strictObject({
    usd: z.number(),
    searchCredits: z.number(),
    promptTokens: z.number(),
    completionTokens: z.number(),
  }),
  method: z.enum(['llm', 'phrases']),
});

test('score --json prints one object with the promised keys, from what the demo stored', async () => {
  const scored = await fieldnote(['score', 'https://www.lark-and-loom.example/', '--json'], { env: env() });
  assert.equal(scored.code, 0, scored.stderr);
  const card = Card.parse(JSON.parse(scored.stdout));
  assert.deepEqual([card.domain, card.band, card.method], ['lark-and-loom.example', 'A', 'phrases']);
  assert.ok(card.reasons.length > 1 && card.cost.searchCredits > 0);
});

test('score of a company that nothing is known of says why, and claims nothing', async () => {
  const scored = await fieldnote(['score', 'unheard-of.example', '--json'], { env: env() });
  assert.equal(scored.code, 0, scored.stderr);
  const card = Card.parse(JSON.parse(scored.stdout));
  assert.deepEqual([card.status, card.score, card.pitch], ['not-enough-evidence', null, null]);
  assert.deepEqual([card.personas, card.reasons.filter((reason) => reason.quote !== null)], [[], []]);
  assert.match(card.why ?? '', /Could not read https:\/\/unheard-of\.example/);
  assert.doesNotMatch(scored.stderr, /\{"level"|not configured/);
});

test('export prints CSV that a spreadsheet reads and does not run', async () => {
  const exported = await fieldnote(['export'], { env: env() });
  assert.equal(exported.code, 0, exported.stderr);
  const rows = z
    .array(z.record(z.string(), z.string()))
    .parse(parse(exported.stdout, { columns: true, relax_column_count: false }));
  assert.equal(rows.length, 11, 'ten companies of the CRMs and the one that was asked for');
  assert.equal(rows[0]?.['domain'], 'lark-and-loom.example');
  for (const cell of rows.flatMap((row) => Object.values(row))) assert.doesNotMatch(cell, /^\s*[=+@]/);
  const failed = await fieldnote(['export', '--failed', '--format', 'json'], { env: env() });
  assert.deepEqual([failed.code, failed.stdout], [0, '']);
});

test('writes shows who wrote what, by company, field and record, with old and new value', async () => {
  const Line = z.object({
    id: z.number(),
    externalId: z.string(),
    field: z.string(),
    state: z.string(),
    oldValue: z.unknown(),
    newValue: z.unknown(),
    runId: z.string(),
  });
  const ask = async (...args: string[]): Promise<z.infer<typeof Line>[]> => {
    const answer = await fieldnote(['writes', '--json', ...args], { env: env() });
    assert.equal(answer.code, 0, answer.stderr);
    return answer.stdout.split('\n').flatMap((line) => (line === '' ? [] : [Line.parse(JSON.parse(line))]));
  };
  const scores = await ask('--field', 'score', '--state', 'applied', '--limit', '5');
  assert.ok(scores.length > 0 && scores.length <= 5);
  assert.ok(scores.every(({ field, oldValue, newValue }) => field === 'score' && oldValue === null && typeof newValue === 'number')); // prettier-ignore
  assert.deepEqual(
    scores.map(({ id }) => id),
    scores.map(({ id }) => id).toSorted((a, b) => b - a),
  );
  const [one] = scores;
  const ofRecord = await ask('--record', one?.externalId ?? '', '--run', one?.runId ?? '');
  assert.ok(ofRecord.length > 1 && ofRecord.every(({ externalId }) => externalId === one?.externalId));
  const ofCompany = await ask('--company', 'lark-and-loom.example', '--limit', '1000');
  assert.ok(ofCompany.length > 0);

  const table = await fieldnote(['writes', '--limit', '3'], { env: env() });
  const [head, ...rows] = table.stdout.trimEnd().split('\n');
  assert.equal(rows.length, 3);
  const column = head?.indexOf('state') ?? -1;
  for (const row of rows) assert.match(row.slice(column), /^(applied|skipped) /);
  const unknown = await fieldnote(['writes', '--company', 'nobody.example'], { env: env() });
  assert.deepEqual([unknown.code, unknown.stdout], [1, '']);
  assert.match(unknown.stderr, /no company nobody\.example/);
});

test('doctor names what is missing and what that disables, and shows no secret', async () => {
  const secret = 'tvly-very-secret-key';
  const told = await fieldnote(['doctor'], { env: { ...env(), TAVILY_API_KEY: secret } });
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stdout, /TAVILY_API_KEY +set /);
  assert.match(
    told.stdout,
    /Salesforce +SALESFORCE_LOGIN_URL, SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET/,
  );
  assert.match(told.stdout, /HubSpot +HUBSPOT_ACCESS_TOKEN/);
  assert.match(told.stdout, /phrase matcher reads instead.* LLM_BASE_URL/);
  assert.match(told.stdout, /✔ database: embedded/);
  assert.ok(!(told.stdout + told.stderr).includes(secret));
});
