import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../src/errors.ts';
import { chooseModel, requireModel } from '../../../src/pipeline/6-pitch/choose-model.ts';
import { nameWriter } from '../../../src/pipeline/name-writer.ts';

const MODELS = ['llama-3.3-70b', 'qwen3-32b', 'Qwen/Qwen3-235B'];

test('a model that is not offered is refused, with those that are and the one that may be meant', () => {
  for (const known of [null, ...MODELS]) requireModel(known, MODELS);
  const refusal = (wanted: string, models = MODELS): string => {
    try {
      requireModel(wanted, models);
    } catch (error) {
      assert.ok(error instanceof UserError);
      return `${error.message}. ${error.fix}`;
    }
    return assert.fail(`${wanted} was accepted`);
  };
  assert.match(
    refusal('qwen3-32'),
    /Did you mean "qwen3-32b"\? Take one of llama-3\.3-70b, qwen3-32b, Qwen\/Qwen3-235B/,
  );
  assert.match(refusal('LLAMA-3.3-70B'), /Did you mean "llama-3\.3-70b"/);
  assert.doesNotMatch(refusal('something-else-altogether'), /Did you mean/);
  assert.match(refusal('any', []), /no LLM is configured[\s\S]*LLM_BASE_URL and LLM_MODEL/);
  assert.ok(!refusal('\u001b[31mred').includes('\u001b'), 'what was typed is shown as plain text');
});

test('what was stored and is offered no more falls back to the first', () => {
  assert.equal(chooseModel('qwen3-32b', MODELS), 'qwen3-32b');
  assert.equal(chooseModel('gone', MODELS), 'llama-3.3-70b');
  assert.equal(chooseModel(null, MODELS), 'llama-3.3-70b');
  assert.equal(chooseModel('gone', []), null);
});

test('a pitch says who wrote it, and why that is another model than was asked or chosen', () => {
  const made = { method: 'llm', textModel: 'a', askedModel: 'a', chosenModel: null } as const;
  assert.equal(nameWriter(made), 'written by a');
  assert.equal(nameWriter({ ...made, askedModel: null }), 'written by a', 'before that was kept');
  assert.equal(nameWriter({ ...made, textModel: 'f' }), 'written by f, since a gave no answer');
  assert.equal(
    nameWriter({ ...made, chosenModel: 'gone' }),
    'written by a; gone, which was chosen, is not allowed any more',
  );
  const bare = { ...made, method: 'phrases', textModel: null } as const;
  assert.equal(nameWriter({ ...bare, askedModel: null }), 'made from quotes alone, no LLM');
  assert.equal(nameWriter(bare), 'made from quotes alone, no words of a', 'all that it wrote was cut');
});
