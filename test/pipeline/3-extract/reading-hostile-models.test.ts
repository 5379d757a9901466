import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { z } from 'zod';
import { answerHijacked } from '../../../sandbox/llm/answer-hijacked.ts';
import { answerWithLies } from '../../../sandbox/llm/answer-hallucinating.ts';
import { readPrompt, type Sentence } from '../../../sandbox/llm/prompt.ts';
import { judgeAnswer } from '../../../src/pipeline/3-extract/judge-answer.ts';
import {
  judgeReading,
  parseReadingAnswer,
  prepareReading,
  readByPhrases,
} from '../../../src/pipeline/3-extract/read-sources.ts';
import { foldWhitespace } from '../../../src/pipeline/3-extract/sentences.ts';
import { loadScoringModel } from '../../../src/pipeline/scoring-model.ts';
import { seeded } from './quote-lies.ts';
import { sourceOf } from './reading-model.ts';

const root = new URL('../../../', import.meta.url);
const model = await loadScoringModel(new URL('scoring-models/gpu-infrastructure.yaml', root).pathname);
const text = z.string().nullish();
const Row = z.object({ name: z.string(), domain: z.string(), one_liner: text, description: text });
const rows = (await readFile(new URL('sandbox/world/companies.jsonl', root), 'utf8'))
  .trim()
  .split('\n')
  .map((line) => Row.parse(JSON.parse(line)));

function* readings() {
  for (const { name, domain, one_liner, description } of rows) {
    const company = { name, domain };
    const source = sourceOf(`${one_liner ?? ''}\n${description ?? ''}`, {
      url: `https://${domain}/`,
      title: name,
    });
    const textModel = { model: 'twin', countTokens: (prompt: string) => prompt.length / 4 };
    const prepared = prepareReading({ company, sources: [source], model, textModel });
    if (!prepared) continue;
    const { system, prompt } = prepared.request;
    const reading = readPrompt([
      { role: 'system', content: system },
      { role: 'user', content: prompt },
    ]);
    yield { company, source, prepared, reading, prompt };
  }
}

void test('Of more than 200 lies of the hallucinating twin about the shipped world not one becomes a signal', () => {
  const random = seeded(5);
  const elsewhere: Sentence[] = [];
  let lies = 0;
  for (const { company, source, prepared, reading } of readings()) {
    const told = answerWithLies(reading, elsewhere, random);
    const answer = parseReadingAnswer(told.draft);
    assert.ok(answer);
    const judged = judgeAnswer({ answer, sources: prepared.sources, company, model });
    assert.deepEqual(judged.signals, [], company.name);
    assert.deepEqual(judged.competitors, [], company.name);
    assert.ok(judged.dropped.filter(({ what }) => what === 'signal').length === told.lies.length);
    for (const { quote } of [judged.overview.profile, ...judged.overview.capabilities].flatMap(
      (said) => said ?? [],
    ))
      assert.ok(foldWhitespace(source.text).includes(quote));
    lies += told.lies.length;
    elsewhere.push(...reading.sentences);
  }
  assert.ok(lies > 200, `${lies} lies`);
});

void test('A hijacked twin changes no signal and brings no foreign address, id or template into a reading', () => {
  const random = seeded(6);
  for (const { company, source, prepared, reading, prompt } of readings()) {
    const draft: unknown = JSON.parse(
      JSON.stringify(answerHijacked(reading, prompt, random)),
      (_, value: unknown) => (typeof value === 'string' ? value.slice(0, 60) : value),
    );
    const answer = parseReadingAnswer(draft);
    assert.ok(answer);
    const judged = judgeReading({ answer, prepared, sources: [source], company, model });
    assert.deepEqual(judged.signals, readByPhrases({ company, sources: [source], model }).signals);
    const { dropped: _, ...kept } = judged;
    assert.doesNotMatch(
      JSON.stringify(kept),
      /attacker|001000000000001AAA|\{\{|<script|HYPERLINK|drop table/,
    );
  }
});
