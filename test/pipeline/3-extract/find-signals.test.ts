import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findSignals } from '../../../src/pipeline/3-extract/find-signals.ts';
import { foldWhitespace } from '../../../src/pipeline/3-extract/sentences.ts';
import { loadScoringModel, shippedModelPath } from '../../../src/pipeline/scoring-model.ts';
import type { SourceKind } from '../../../src/pipeline/store/sources.ts';

const model = await loadScoringModel(shippedModelPath('gpu-infrastructure'));
const company = { name: 'Halden Robotics, Inc.', domain: 'halden.example' };
const positive = new Set(model.kinds.filter((kind) => kind.polarity === 'positive').map((kind) => kind.key));

function read(text: string, kind: SourceKind = 'site', url = 'https://halden.example/about') {
  const source = { id: 's1', url, title: '', text, kind, published: null, fetchedAt: '2026-11-01T00:00:00Z' };
  return findSignals(source, model, company).signals;
}
const kindsIn = (text: string, kind?: SourceKind, url?: string): string[] =>
  read(text, kind, url).map((signal) => signal.kind);

const SAYS: [sentence: string, kind: string][] = [
  ['We train our own language models on customer logs.', 'own-models'],
  ['Our models are trained on ten years of sensor data.', 'own-models'],
  ['We not only train our own models but also serve them.', 'own-models'],
  ['We don’t sell ads; we train vision models.', 'own-models'],
  ['Unlike our rivals, we train our own models.', 'own-models'],
  ['We are building a foundation model for soil chemistry.', 'foundation-models'],
  ['Training runs on a cluster of 512 H100 GPUs.', 'gpu-hardware'],
  ['Our tool lets customers fine-tune models on rented GPUs.', 'gpu-hardware'],
  ['Self-driving forklifts that see in the dark.', 'robots'],
  ['We design enzymes with machine learning.', 'scientific-ai'],
  ['The software simulates fluid dynamics around buildings.', 'simulation'],
  ['Chips for AI that sip power.', 'ai-hardware'],
  ['A low-latency inference API for open-source models.', 'model-serving'],
  ['Deep learning is at the heart of the product.', 'deep-learning'],
  ['We clone voices: text-to-speech in forty languages.', 'generative-media'],
  ['We are hiring a machine learning engineer in Oslo.', 'hiring-ml'],
  ['The company signed a contract for GPU capacity worth 40 million.', 'compute-spending'],
  ['Our AI agents automate invoicing workflows.', 'ai-application'],
  ['The assistant is powered by GPT-4.', 'others-models'],
  ['The bank takes deposits and grants mortgage loans.', 'other-trade'],
  ['You will run our training cluster of 400 GPUs.', 'gpu-hardware'],
  ['Halden (formerly Grasp Works) trains its own vision models.', 'own-models'],
  ['Halden-3 was trained on 600 H100 GPUs.', 'gpu-hardware'],
  ['Halden sorts parts which do not fit into any box, using computer vision.', 'computer-vision'],
  ['The only GPU cluster in the country is ours.', 'gpu-hardware'],
  ['The only foundation model for soil is Halden’s own.', 'foundation-models'],
  ['The only render farm in the valley is at our office in Oslo.', 'simulation'],
  ['Halden is the only GPU cloud that heats a swimming pool.', 'gpu-hardware'],
  ['Here is how it works: we train vision models on your parts.', 'own-models'],
];

for (const [sentence, kind] of SAYS) {
  test(`A page says ${kind}: ${sentence}`, () => {
    assert.ok(kindsIn(sentence).includes(kind), `found ${kindsIn(sentence).join(', ') || 'nothing'}`);
  });
}

const SAYS_NOTHING: [why: string, sentence: string][] = [
  ['a denial', 'We do not train models.'],
  ['a denial with a contraction', 'Halden doesn’t train any models of its own.'],
  ['a denial of hardware', 'It runs without GPUs on any laptop.'],
  ['a denial afterwards', 'GPUs are not needed.'],
  ['never', 'We have never trained a neural network.'],
  ['instead of', 'Rules instead of neural networks keep it simple.'],
  ['a plan', 'We plan to train our own models.'],
  ['an intention', 'Halden intends to build a GPU cluster.'],
  ['a possibility', 'One day we could train our own models.'],
  ['a condition', 'If we trained our own models, costs would rise.'],
  ['a competitor', 'Our competitor Norvik trains its own models.'],
  ['a provider as subject', 'OpenAI trains its models on thousands of machines.'],
  ['a past job', 'Before founding Halden she trained models at a bank.'],
  ['a former employer', 'Our founder previously trained vision models elsewhere.'],
  ['a business model', 'We train franchisees in our business model.'],
  ['a fashion model', 'The agency trains fashion models for the runway.'],
  ['employee training', 'We offer employee training and role models for young leaders.'],
  ['potato chips', 'We sell crisps and potato chips in paper bags.'],
  ['electrical transformers', 'We repair transformers and switchgear for the grid.'],
  ['a statistical inference', 'The course teaches statistical inference and regression.'],
  ['a railway', 'High-speed train models for collectors.'],
  ['software robots', 'Robotic process automation for forms.'],
  ['a knife maker', 'Cuda knives and scissors for anglers.'],
  ['a name', 'Halden Robotics.'],
  ['a denial before a colon', 'What we leave to others and do not do: train, tune or host models.'],
  ['never, before a colon', 'Things you will never see here: model training, GPU racks.'],
  ['a question', 'Do you train your own models?'],
  ['the past, until a year', 'Until 2022 we trained our own speech models.'],
  ['hardware that was sold', 'We have sold the GPUs and rent nothing.'],
  ['a cluster shut down', 'Our training cluster with 90 GPUs was shut down.'],
  ['an attempt given up', 'We tried fine-tuning last spring and gave up.'],
  ['a buyer', 'A university in the north has bought the GPUs.'],
  ['a customer in apposition', 'Norvik, a client of ours since 2019, trains a speech model on 64 GPUs.'],
  ['a customer’s head, quoted', '“Our training cluster was tidier,” says their head of research.'],
  ['who buys from us', 'Operators of GPU clusters buy their cables from us.'],
  ['an industry served', 'Cranes for robotics companies and data centre operators.'],
  ['partners’ work', 'Image generation is done by partner models behind an API.'],
  ['a school club', 'Robots fill the gym in spring.\nForty pupils and their parents cheer.'],
  ['a maybe before a colon', 'Fourth, and this is a maybe: training a small model of our own.'],
  ['a model that others host', 'Each question goes to a hosted frontier model.'],
  ['rivals, listed', 'We compete with:\n• makers of robots that pack bread\n• GPU clouds'],
  ['a list of what is not done', 'What you will not find here:\nModel training\nGPU racks'],
  ['a newsletter', 'Join our daily newsletters for the latest on GPUs and AI.'],
  ['a house to look at', 'Walk through the 3D virtual tour of our Birch Lane model.'],
  ['bird flu', 'Avian influenza (AI) closed two of our barns.'],
  ['chips for servers', 'Our clock drivers are made for applications including servers and storage.'],
  ['gamers', 'GeForce cards, used GPUs and gaming chairs, this week 20 % off.'],
  ['a training model', 'Our training model rests on practice, for firms of every size.'],
  ['model trains', 'Model trains in all gauges, new and used.'],
  ['deep learning at school', 'Deep learning takes time. So each pupil has one tutor.'],
  ['models of engineers', 'Our hydraulic models are scale models of river beds.'],
  ['the only one, which is something else', 'The only render farm at Halden is Petra’s watercolour tin.'],
  ['the only one of ours, which is none', 'Our only GPU cluster in the woods is a family of hedgehogs.'],
  ['what people ask', 'People ask where the AI is and we offer them soup.'],
  ['what somebody wonders', 'Some wonder whether we train our own models.'],
  ['an address', 'Write to us at www.halden.ai or shop.halden.ml today.'],
];

for (const [why, sentence] of SAYS_NOTHING) {
  test(`No sign of a need in ${why}: ${sentence}`, () => {
    assert.deepEqual(
      kindsIn(sentence).filter((kind) => positive.has(kind)),
      [],
    );
  });
}

test('On the page of a newspaper only sentences about the company count', () => {
  const url = 'https://news.example/story';
  const own = 'Halden Robotics opened an office. It trains its own models there.';
  assert.ok(kindsIn(own, 'news', url).includes('own-models'));
  assert.ok(kindsIn('Halden trains its own models.', 'news', url).includes('own-models'));
  const others = [
    'Norvik trains its own models.',
    'We train our own models, said Norvik’s founder.',
    'Halden Robotics opened an office. Norvik, across the street, trains its own models.',
    'Norvik trains its own models, unlike Halden.',
  ];
  for (const text of others) assert.deepEqual(kindsIn(text, 'news', url), [], text);
});

test('What customers do with the product counts only for kinds that say so', () => {
  const text = 'Researchers train models on our machines.';
  assert.ok(!kindsIn(text).includes('own-models'));
  assert.ok(kindsIn(text).includes('ml-tooling'));
});

test('A word that means something else in other company counts only among words of computing', () => {
  const heading = 'Deep learning for everyone';
  assert.ok(!kindsIn(`${heading}\nOur teachers take one pupil at a time.`).includes('deep-learning'));
  assert.ok(kindsIn(`${heading}\nOur software finds defects in weld images.`).includes('deep-learning'));
  const ours = 'We improve our models every month.';
  assert.ok(!kindsIn(`${ours}\nSmall locomotives and signal boxes.`).includes('own-models'));
  assert.ok(kindsIn(`${ours}\nAn API answers in 40 milliseconds.`).includes('own-models'));
});

test('Menus are no evidence and no part of a quote', () => {
  assert.deepEqual(kindsIn('Home · Products · Training our robots · Contact'), []);
  assert.deepEqual(kindsIn('Robots\nGPUs\nPricing\nAbout us\nCareers\nModel training\nContact'), []);
  assert.ok(kindsIn('Robots for factories:\nGantry robots\nSmall robots').includes('robots'));
  const [signal] = read('Menu Robots that sort bricks by themselves').filter(({ kind }) => kind === 'robots');
  assert.equal(signal?.quote, 'Robots that sort bricks by themselves');
});

test('An article calls the company by its first name once it has given the whole', () => {
  const url = 'https://news.example/story';
  const story = 'Halden Robotics is ten years old. Halden trained its vision models from scratch.';
  const founder = { name: 'Halden Robotics', domain: 'robots.example' };
  const source = {
    id: 's1',
    url,
    title: '',
    text: story,
    kind: 'news' as const,
    published: null,
    fetchedAt: '',
  };
  const kindsFor = (text: string): string[] =>
    findSignals({ ...source, text }, model, founder).signals.map(({ kind }) => kind);
  assert.ok(kindsFor(story).includes('own-models'));
  assert.ok(!kindsFor('Halden trained its vision models from scratch.').includes('own-models'));
  assert.ok(!kindsFor(`${story} In a halden, or dale, it rains.`).includes('own-models'));
});

test('A phrase does not reach over the end of a sentence', () => {
  assert.ok(!kindsIn('We train our staff well. Models of cars fill the lobby.').includes('own-models'));
  assert.ok(!kindsIn('Staff we train\nModels for sale').includes('own-models'));
});

test('A line break inside a sentence does not end it', () => {
  assert.ok(kindsIn('We train our own\nlanguage models.').includes('own-models'));
});

test('A quote is the whole sentence, verbatim after white space is folded', () => {
  const text = 'Welcome!\n  We   train our own\tlanguage models,  every day. Call us.';
  const [signal] = read(text).filter((each) => each.kind === 'own-models');
  assert.equal(signal?.quote, 'We train our own language models, every day.');
});

test('A quote from a very long sentence is at most 300 characters and holds the claim', () => {
  const list = Array.from({ length: 60 }, (_, index) => `item number ${index}`).join(', ');
  const text = `Among ${list}, we train our own models, and ${list}.`;
  const [signal] = read(text).filter((each) => each.kind === 'own-models');
  assert.ok(signal);
  assert.ok(signal.quote.length <= 300);
  assert.match(signal.quote, /train our own models/);
  assert.ok(foldWhitespace(text).includes(signal.quote));
});

test('One source gives at most four signals of a kind, however often it repeats itself', () => {
  const text = Array.from({ length: 50 }, (_, index) => `In plant ${index} we train our own models.`).join(
    ' ',
  );
  assert.equal(kindsIn(text).filter((kind) => kind === 'own-models').length, 4);
});

test('Every quote of any text is a piece of it, and reading twice gives the same', () => {
  const word = fc.constantFrom(
    'we',
    'train',
    'models',
    'GPUs',
    'not',
    'AI',
    'robots',
    'customers',
    '.',
    ',',
    '\n',
    ' - ',
    'Dr.',
    'é',
    '人工智能',
    '💥',
    '\u0000',
    '\ud800',
    '’',
    'Halden',
  );
  const text = fc.oneof(
    fc.array(word, { maxLength: 80 }).map((words) => words.join(' ')),
    fc.string({ unit: 'binary', maxLength: 300 }),
  );
  fc.assert(
    fc.property(text, (sample) => {
      const signals = read(sample);
      const folded = foldWhitespace(sample);
      for (const { quote, strength, confidence } of signals) {
        assert.ok(quote.length <= 300 && folded.includes(quote));
        assert.ok(strength > 0 && strength <= 1 && confidence > 0 && confidence <= 1);
      }
      assert.deepEqual(read(sample), signals);
    }),
    { numRuns: 300 },
  );
});

const HOSTILE: [what: string, text: string][] = [
  ['a megabyte without a space', 'a'.repeat(1_000_000)],
  ['a megabyte of spaces', ' '.repeat(1_000_000)],
  ['a megabyte of full stops', '.'.repeat(1_000_000)],
  ['a megabyte of abbreviations', 'Dr. '.repeat(250_000)],
  ['a megabyte of apostrophes', "a'".repeat(500_000)],
  ['a megabyte of accents', `a${'\u0301'.repeat(1_000_000)}`],
  ['a megabyte of Chinese', '人'.repeat(1_000_000)],
  ['a megabyte of half characters', '\ud83d'.repeat(1_000_000)],
  ['a megabyte of the model’s own words', 'train models GPU AI robots not '.repeat(32_000)],
  ['a megabyte of denials', 'not train not model not our '.repeat(36_000)],
];

for (const [what, text] of HOSTILE) {
  test(`Reading ${what} takes seconds, not minutes`, () => {
    const started = performance.now();
    read(text);
    assert.ok(performance.now() - started < 8_000);
  });
}
