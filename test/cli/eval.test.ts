import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { runEval } from '../../src/cli/eval.ts';
import { evaluateWorld } from '../../src/cli/evaluate-world.ts';
import { UserError } from '../../src/errors.ts';
import { loadScoringModel, shippedModelPath } from '../../src/pipeline/scoring-model.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fieldnote-eval-'));
});
after(() => rm(folder, { recursive: true }));

const filler =
  'The company was founded in a garage and has grown every year since, with offices in two cities. '.repeat(
    3,
  );
const COMPANIES = [
  {
    domain: 'a.example',
    name: 'Alder',
    one_liner: 'Foundation models for soil.',
    description: `We train our own models on H100 GPUs.\u2028${filler}`,
    industry: 'x',
  },
  {
    domain: 'b.example',
    name: 'Birch',
    one_liner: null,
    description: `Our AI agents automate invoicing. The assistant is powered by GPT-4. ${filler}`,
  },
  { domain: 'c.example', name: 'Cedar', description: filler, industry: 'GPU clusters', tags: ['H100'] },
  { domain: 'd.example', name: 'Dogwood', description: 'Short.' },
  { domain: 'e.example', name: 'Elm', description: `GPUs everywhere. ${filler}` },
];
const LABELS = [
  { domain: 'a.example', grade: 3, visible_in_text: true },
  { domain: 'b.example', grade: 1 },
  { domain: 'c.example', grade: 0 },
  { domain: 'd.example', grade: 0 },
  { domain: 'e.example', grade: null },
  { domain: 'gone.example', grade: 2 },
];
const jsonLines = (rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

async function write(
  companies: string,
  labels: string,
): Promise<{ world: string; labels: string; model: string }> {
  const world = await mkdtemp(join(folder, 'world-'));
  await writeFile(join(world, 'companies.jsonl'), companies);
  await writeFile(join(world, 'labels.jsonl'), labels);
  return { world, labels: join(world, 'labels.jsonl'), model: 'gpu-infrastructure' };
}

async function run(options: Parameters<typeof runEval>[0]): Promise<string> {
  let printed = '';
  await runEval(options, (text) => {
    printed += text;
  });
  return printed;
}

test('eval --json prints the measures and the misses as one object', async () => {
  const options = await write(jsonLines(COMPANIES), `${jsonLines(LABELS)}\n\n`);
  const result: unknown = JSON.parse(await run({ ...options, json: true }));
  assert.ok(typeof result === 'object' && result !== null);
  assert.deepEqual(
    ['n', 'auc', 'aucHard', 'precision', 'recall', 'method', 'companies'].map((key) =>
      Reflect.get(result, key),
    ),
    [4, 1, 1, 1, 1, 'phrases', 5],
  );
  assert.ok('confusion' in result && 'misses' in result);
});

test('eval says which method it used, and that a configured text model was not asked', async () => {
  const options = await write(jsonLines(COMPANIES), jsonLines(LABELS));
  assert.match(await run({ ...options, textModel: 'llama-4' }), /Read by phrases; llama-4 .* was not asked/);
  const result: unknown = JSON.parse(await run({ ...options, json: true, textModel: 'llama-4' }));
  assert.ok(typeof result === 'object' && result !== null);
  assert.equal(Reflect.get(result, 'method'), 'phrases');
  assert.match(String(Reflect.get(result, 'note')), /llama-4/);
});

test('eval prints a readable page', async () => {
  const page = await run(await write(jsonLines(COMPANIES), jsonLines(LABELS)));
  assert.match(page, /area under the ROC curve\s+1\.000/);
  assert.match(page, /grade 3\s+1\s+0\s+0\s+0\s+0/);
  assert.match(page, /Dogwood \(d\.example\): grade 0, score none/);
  assert.match(page, /Only 14 characters about the company could be read/);
});

test('eval reads texts only: industry and tags change nothing', async () => {
  const model = await loadScoringModel(shippedModelPath('gpu-infrastructure'));
  const { misses } = await evaluateWorld({
    ...(await write(jsonLines(COMPANIES), jsonLines(LABELS))),
    model,
  });
  assert.equal(misses.find(({ domain }) => domain === 'c.example')?.score, model.scale.start);
});

const BAD: [what: string, companies: string, labels: string, message: RegExp][] = [
  [
    'a line that is no JSON',
    `${jsonLines(COMPANIES)}{"domain": "x`,
    jsonLines(LABELS),
    /companies\.jsonl:6: is no JSON$/,
  ],
  ['a company without a name', '{"domain":"a.example"}\n', jsonLines(LABELS), /companies\.jsonl:1: name: /],
  [
    'a grade out of range',
    jsonLines(COMPANIES),
    '{"domain":"a.example","grade":7}',
    /labels\.jsonl:1: grade: /,
  ],
  ['a label that is a list', jsonLines(COMPANIES), '[]', /labels\.jsonl:1: the line: /],
  ['no labels', jsonLines(COMPANIES), '', /labels\.jsonl: no company of .* has a grade here$/],
  ['no companies', '', jsonLines(LABELS), /has a grade here$/],
];
for (const [what, companies, labels, message] of BAD) {
  test(`eval refuses ${what} in one clear line`, async () => {
    const options = await write(companies, labels);
    await assert.rejects(run(options), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, message);
      assert.ok(!error.message.includes('\n'));
      return true;
    });
  });
}

test('eval says which file is not there', async () => {
  const options = await write(jsonLines(COMPANIES), jsonLines(LABELS));
  await assert.rejects(run({ ...options, world: '/nowhere' }), /\/nowhere\/companies\.jsonl: cannot be read/);
  await assert.rejects(run({ ...options, labels: '/nowhere.jsonl' }), /\/nowhere\.jsonl: cannot be read/);
  await assert.rejects(
    run({ ...options, model: 'no-such-model' }),
    /no-such-model\.yaml: the scoring model cannot be read/,
  );
});

const data = resolve(
  process.env['FIELDNOTE_DATA'] ?? join(import.meta.dirname, '../../../shared/data'),
  'dev',
);
const labelled = join(data, 'labels.jsonl');
test(
  'On real companies the shipped model ranks need above no need (area at least 0.95, hard 0.92), in seconds',
  { skip: existsSync(labelled) ? false : `no real data at ${data}; set FIELDNOTE_DATA to use some` },
  async (t) => {
    const model = await loadScoringModel(shippedModelPath('gpu-infrastructure'));
    const result = await evaluateWorld({ world: data, labels: labelled, model });
    t.diagnostic(
      `auc ${result.auc?.toFixed(3)}, hard ${result.aucHard?.toFixed(3)}, ${result.companies} companies in ${result.seconds} s`,
    );
    assert.ok((result.auc ?? 0) >= 0.95);
    assert.ok((result.aucHard ?? 0) >= 0.92);
    assert.ok((result.precision ?? 0) >= 0.8);
    assert.ok(result.seconds < 30);
  },
);
