import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../../src/errors.ts';
import { finishPitch } from '../../../src/pipeline/6-pitch/finish-pitch.ts';
import { loadTemplate, SHIPPED_TEMPLATES } from '../../../src/pipeline/6-pitch/load-template.ts';
import { buildPitchData, type PitchFacts } from '../../../src/pipeline/6-pitch/pitch-data.ts';
import { compileTemplate, fillPassages } from '../../../src/pipeline/6-pitch/render-template.ts';
import {
  judgePassages,
  parsePassagesAnswer,
  prepareWriting,
} from '../../../src/pipeline/6-pitch/write-passages.ts';
import { findStrangeLinks } from '../../../src/pipeline/plain-text.ts';

const reason = (label: string, points: number, quote: string, url = 'https://halden.test/tech') => ({
  label,
  points,
  quote,
  url,
  published: '2026-03-01',
});
const facts: PitchFacts = {
  company: { name: 'Halden Robotics', domain: 'halden.test' },
  score: {
    score: 72.4,
    band: 'A',
    confidence: 0.8,
    reasons: [
      reason(
        'Trains its own models',
        31.2,
        'We train our own grasping models daily on footage from 40 bakeries.',
      ),
      reason('Runs GPUs', 20, 'We run 240 H100s in Oslo.'),
      reason('Calls hosted models', -5, 'Our planner uses hosted models.', 'https://halden.test/plan'),
      { label: 'Start', points: 10, quote: null, url: null, published: null },
    ],
  },
  personas: [
    {
      role: 'technical-leader',
      title: 'Technical leader',
      pains: ['Waiting for capacity'],
      motives: ['Ship sooner'],
      style: 'Direct',
      decisionFactors: ['Price', 'Time', 'Trust'],
      buyingSignals: [],
      matches: [{ connectionId: 'c', object: 'Contact', externalId: '1', name: 'Ada Lind', title: 'CTO' }],
    },
  ],
  competitors: [{ name: 'Kestrel', quote: 'Unlike Kestrel, we need no cage.', url: 'https://halden.test/' }],
  profile: { quote: 'Halden Robotics builds arms that pack bread.', url: 'https://halden.test/' },
  asOf: '2026-11-21',
};
const { data, citations } = buildPitchData(facts);

void test('Each shipped template gives key points, a call to action and a text whose facts carry their source', async () => {
  for (const name of SHIPPED_TEMPLATES) {
    const template = await loadTemplate(name);
    const pitch = finishPitch({ template, rendered: template.render(data), passages: null, citations });
    assert.equal(pitch.method, 'phrases');
    assert.equal(pitch.keyPoints.length, 2, name);
    for (const point of pitch.keyPoints) assert.match(point, /“.+” \[\d\]/);
    assert.match(pitch.callToAction, /\?/);
    assert.ok(pitch.text.includes(pitch.callToAction));
    for (const { number, quote, url } of pitch.citations)
      assert.ok(pitch.text.includes(`[${number}] “${quote}” ${url}`), name);
    assert.deepEqual(
      findStrangeLinks(
        pitch.text,
        citations.map(({ url }) => url),
      ),
      [],
    );
    assert.doesNotMatch(pitch.text, /\{\{|undefined|\[object|\u{E000}|\n\n\n/u);
  }
});

void test('A company of which nothing is known gets a pitch without a single fact', async () => {
  const empty = buildPitchData({
    ...facts,
    score: { score: null, band: null, confidence: 0, reasons: [] },
    personas: [],
    competitors: [],
    profile: null,
  });
  for (const name of SHIPPED_TEMPLATES) {
    const template = await loadTemplate(name);
    const pitch = finishPitch({
      template,
      rendered: template.render(empty.data),
      passages: null,
      citations: empty.citations,
    });
    assert.deepEqual(pitch.keyPoints, []);
    assert.deepEqual(pitch.citations, []);
    assert.doesNotMatch(pitch.text, /“/);
    assert.notEqual(pitch.callToAction, '');
  }
});

void test('Of 20 true sentences and 5 invented ones, none of the five stands in the pitch', async () => {
  const template = await loadTemplate('standard');
  const rendered = template.render(data);
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
  const rendered = (await loadTemplate('standard')).render(data);
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
  const template = compileTemplate(
    't',
    '{{company.name}}|{{#each reasons}}{{label}} {{quote}} [{{number}}]{{/each}}',
    't.hbs',
  );
  const pitch = finishPitch({
    template,
    rendered: template.render(hostile.data),
    passages: null,
    citations: hostile.citations,
  });
  assert.match(
    pitch.text,
    /^\{\{constructor\}\} 1\|\{\{\{x\}\}\} Go to \[link removed\] now \(9\) \{\{#each reasons\}\} \[2\]/,
  );
});

const REFUSED: [string, RegExp][] = [
  ['{{compny.name}}', /t\.hbs:1:\d+: "compny\.name" is not known here; did you mean "company\.name"\?/],
  [
    'a\n\n  {{#each reasons}}{{qoute}}{{/each}}',
    /t\.hbs:3:\d+: "qoute" is not known here; did you mean "quote"\?/,
  ],
  ['{{{company.name}}}', /raw output/],
  ['{{&company.name}}', /raw output/],
  ['{{> header}}', /partials/],
  ['{{#> layout}}x{{/layout}}', /partials/],
  ['{{* decorate}}', /decorators/],
  ['{{#*inline "x"}}y{{/inline}}', /decorators/],
  ['{{log "a"}}', /"log" is no helper/],
  ['{{lookup company "constructor"}}', /"lookup" is no helper/],
  ['{{#with company}}x{{/with}}', /"#with" is no block/],
  ['{{constructor}}', /"constructor" is not known/],
  ['{{company.__proto__}}', /is not known/],
  ['{{company.constructor}}', /is not known/],
  ['{{@root.company.nam}}', /is not known/],
  ['{{@key}}', /is not known/],
  ['{{#each company}}x{{/each}}', /takes a list/],
  [
    '{{#each personas}}{{#each contacts}}{{#each @root.reasons}}x{{/each}}{{/each}}{{/each}}',
    /deeper than 2/,
  ],
  ['{{#each reasons as |r|}}{{r}}{{/each}}', /as \|name\|/],
  ['{{#write reasons}}x{{/write}}', /instruction in quotes/],
  ['{{#if}}x{{/if}}', /takes 1 argument/],
  ['{{#if company.name', /t\.hbs:1: /],
  ['{{/if}}', /t\.hbs:1: /],
  ['{{list reasons separator="x"}}', /named arguments/],
  ['x'.repeat(20_000), /at most 16384/],
  [`${'{{#if date}}'.repeat(9)}x${'{{/if}}'.repeat(9)}`, /deeper than 8/],
];

void test('A template may hold nothing unknown or dangerous, and errors name the place and the nearest name', () => {
  for (const [source, message] of REFUSED) {
    assert.throws(
      () => compileTemplate('t', source, 't.hbs'),
      (error) => error instanceof UserError && message.test(error.message),
      source.slice(0, 60),
    );
  }
});

void test('A syntax tree is no template', async () => {
  const { checkTemplate } = await import('../../../src/pipeline/6-pitch/check-template.ts');
  assert.throws(() => checkTemplate({ type: 'Program', body: [] }, 't.hbs'), UserError);
});

void test('Helpers compare, list, date, round and truncate', () => {
  const render = (source: string): string =>
    fillPassages(compileTemplate('t', source, 't.hbs').render(data), new Map()).text;
  assert.equal(render('{{#ifEquals score.band "A"}}yes{{else}}no{{/ifEquals}}'), 'yes');
  assert.equal(render('{{#ifEquals score.band "B"}}yes{{else}}no{{/ifEquals}}'), 'no');
  assert.equal(render('{{#each personas}}{{list decisionFactors "or"}}{{/each}}'), 'Price, Time or Trust');
  assert.equal(render('{{date date}}'), '21 November 2026');
  assert.equal(render('{{date company.name}}'), '');
  assert.equal(render('{{round score.value}}'), '72');
  assert.equal(render('{{truncate profile.quote 20}}'), 'Halden Robotics …');
  assert.equal(render('{{#write "x"}}plain {{company.name}}{{/write}} end'), 'plain Halden Robotics\n end');
});

void test('A template may name the seller, the manner and whom it is for, and says nothing where nobody is known', () => {
  const source = `{{#if seller}}{{seller.name}}: {{list seller.proofPoints}}{{/if}}{{persona.title}}{{settings.tone}}`;
  const template = compileTemplate('t', source, 't.hbs');
  const seller = { name: 'Fjord Compute', offer: 'GPUs', audience: 'labs', proofPoints: ['One', 'Two'] };
  assert.equal(template.render(data).text, 'professional');
  assert.equal(template.render({ ...data, seller }).text, 'Fjord Compute: One and Twoprofessional');
});

void test('A list of whole sentences is set apart by semicolons, without their full stops', () => {
  const pains = ['Runs fail, and start again.', 'GPUs do not come.'];
  const spoken = { ...data, personas: data.personas.map((persona) => ({ ...persona, pains })) };
  const template = compileTemplate('t', '{{#each personas}}{{list pains}}{{/each}}', 't.hbs');
  const { text } = fillPassages(template.render(spoken), new Map());
  assert.equal(text, 'Runs fail, and start again; GPUs do not come');
});

void test('Any template text is refused in words or renders within bounds', () => {
  const piece = fc.constantFrom(
    '{{',
    '}}',
    '{{{',
    '#each',
    '/each',
    ' reasons',
    '#if ',
    '/if',
    'else',
    'company.name',
    '@root',
    '../',
    '"x"',
    '(',
    ')',
    '|',
    '=',
    '*',
    '>',
    '&',
    '!',
    '~',
    '\n',
    'text',
    '[0]',
    '@partial-block',
    'this',
    '.',
    '1',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      try {
        const rendered = compileTemplate('t', pieces.join(''), 't.hbs').render(data);
        assert.ok(rendered.text.length <= 65_536);
      } catch (error) {
        assert.ok(error instanceof UserError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});
