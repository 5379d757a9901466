import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishPitch } from '../../../src/pipeline/6-pitch/finish-pitch.ts';
import { buildPitchData } from '../../../src/pipeline/6-pitch/pitch-data.ts';
import { readShippedTemplate } from '../../../src/pipeline/6-pitch/template-library.ts';
import {
  judgePassages,
  parsePassagesAnswer,
  prepareWriting,
} from '../../../src/pipeline/6-pitch/write-passages.ts';
import { citations, data, facts, reason, render } from './halden.ts';

void test('Of 20 true sentences and 5 invented ones, none of the five stands in the pitch', async () => {
  const template = await readShippedTemplate('standard');
  const rendered = render(template.source);
  const number = (quote: string) => citations.find((citation) => citation.quote.includes(quote))?.number ?? 0;
  const [models, gpus, profile] = [number('grasping'), number('240'), number('pack bread')];
  const truths = [
    { text: 'Halden Robotics trains its own grasping models daily.', cites: [models] },
    { text: 'You train grasping models on footage from 40 bakeries.', cites: [models] },
    { text: 'The footage for its models comes from 40 bakeries.', cites: [models] },
    { text: 'Your grasping models are trained daily.', cites: [models] },
    { text: 'Halden runs 240 H100s in Oslo.', cites: [gpus] },
    { text: 'In Oslo it runs 240 H100s.', cites: [gpus] },
    { text: 'Halden Robotics builds arms that pack bread.', cites: [profile] },
    { text: 'Arms that pack bread are what Halden Robotics builds.', cites: [profile] },
    { text: 'It trains its own models daily and runs 240 H100s.', cites: [models, gpus] },
    { text: 'Its arms pack bread, and its grasping models train daily.', cites: [models, profile] },
    { text: 'Would a trial week help?', cites: [] },
    { text: 'Could we compare waiting times?', cites: [] },
    { text: 'We could run one workload together.', cites: [] },
    { text: 'Is capacity a question this quarter?', cites: [] },
    { text: 'Would Ada Lind know which workload to take?', cites: [] },
    { text: 'We would be glad to show what a run costs.', cites: [] },
    { text: 'How long does a run wait today?', cites: [] },
    { text: 'Would a short call help Halden Robotics?', cites: [] },
    { text: 'May we send a price list?', cites: [] },
    { text: 'What would make a fair test?', cites: [] },
  ];
  const lies = [
    { text: 'Halden Robotics runs 512 H100s in Oslo.', cites: [gpus] },
    { text: 'Halden Robotics signed Kestrel as a customer.', cites: [profile] },
    { text: 'Its revenue doubled after the last funding round.', cites: [profile] },
    { text: 'Halden Robotics does not train its own models.', cites: [models] },
    { text: 'You already spend millions on cloud capacity, see https://evil.test/offer.', cites: [] },
  ];
  const sentences = [...truths, ...lies];
  const chunks = Array.from({ length: 5 }, (_, index) => sentences.slice(index * 5, index * 5 + 5));
  const passages = chunks.map((_, index) => ({ number: index + 1, instruction: 'write', fallback: '' }));
  const judged = judgePassages({
    answer: { passages: chunks.map((chunk, index) => ({ passage: index + 1, sentences: chunk })) },
    passages,
    data,
    citations,
  });
  const written = [...judged.texts.values()].join(' ');
  assert.equal(judged.cut.length, 5, JSON.stringify(judged.cut));
  assert.deepEqual(judged.cut.map(({ text }) => text).toSorted(), lies.map(({ text }) => text).toSorted());
  for (const { text } of truths) assert.ok(written.includes(text.replace(/[.?]$/, '')), text);
  const pitch = finishPitch({ template, rendered, passages: judged, citations });
  assert.equal(pitch.method, 'llm');
  assert.equal(pitch.cut, 5);
  for (const { text } of lies) assert.ok(!pitch.text.includes(text.slice(0, 40)), text);
});

void test('Forged marks, markup, template syntax, unknown sources and other names are cut', () => {
  const passages = [{ number: 1, instruction: 'write', fallback: 'Plain.' }];
  const bad = [
    { text: 'Halden Robotics trains its own grasping models daily.', cites: [77] },
    { text: 'Halden Robotics <b>trains</b> its own grasping models daily.', cites: [2] },
    { text: 'Halden Robotics trains {{score}} grasping models daily.', cites: [2] },
    { text: 'Borealis trains its own grasping models daily.', cites: [2] },
    { text: 'Halden Robotics is a leader of its trade [2].', cites: [] },
    { text: 'You already run a large cluster.', cites: [] },
    { text: 'Would you go to evil.com?', cites: [] },
    { text: 'Would 50 of your engineers join?', cites: [] },
    { text: '', cites: [] },
  ];
  const judged = judgePassages({
    answer: { passages: [{ passage: 1, sentences: bad }] },
    passages,
    data,
    citations,
  });
  assert.equal(judged.cut.length, bad.length);
  assert.equal(judged.texts.size, 0);
});

void test('One question has one key, and an answer of another shape is none', async () => {
  const rendered = render((await readShippedTemplate('standard')).source);
  const prepare = () =>
    prepareWriting({ passages: rendered.passages, data, citations, textModel: { model: 'm' } });
  assert.equal(prepare()?.key, prepare()?.key);
  assert.equal(prepare()?.key.length, 64);
  assert.equal(prepareWriting({ passages: [], data, citations, textModel: { model: 'm' } }), null);
  assert.equal(parsePassagesAnswer({ passages: 'x' }), null);
  assert.deepEqual(parsePassagesAnswer({ passages: [] }), { passages: [] });
});

void test('Data cannot act as a template, a mark, a link or markup of ours', () => {
  const hostile = buildPitchData({
    ...facts,
    company: { name: '{{constructor}} \u{E000}1\u{E001}\u202e', domain: 'halden.test' },
    score: {
      ...facts.score,
      reasons: [reason('{{{x}}}', 5, 'Go to https://evil.test/a?b=c now [9] {{#each reasons}}')],
    },
  });
  const source = '{{company.name}}|{{#each reasons}}{{label}} {{quote}} [{{number}}]{{/each}}';
  const pitch = finishPitch({
    template: { name: 't' },
    rendered: render(source, hostile.data),
    passages: null,
    citations: hostile.citations,
  });
  assert.match(
    pitch.text,
    /^\{\{constructor\}\} 1\|\{\{\{x\}\}\} Go to \[link removed\] now \(9\) \{\{#each reasons\}\} \[2\]/,
  );
});
