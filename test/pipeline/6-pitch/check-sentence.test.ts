import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSentence, OWN_FROM } from '../../../src/pipeline/6-pitch/check-sentence.ts';

const [MODELS, GPUS, RIVAL, CAGE, OFFER, PROOF] = [1, 2, 3, 4, OWN_FROM, OWN_FROM + 1];
const facts = {
  quotes: new Map([
    [MODELS, 'We train our own grasping models daily on footage from 40 bakeries.'],
    [GPUS, 'We run 240 H100s in Oslo.'],
    [RIVAL, 'Kestrel rents 900 machines, we own 12.'],
    [CAGE, 'We do not rent GPUs; we bought a cluster.'],
    [OFFER, 'H200 nodes by the hour, in Oslo.'],
    [PROOF, 'Borealis cut its training time in half on our nodes.'],
  ]),
  names: ['Halden Robotics', 'Halden', 'Ada Lind'],
  rivals: ['Kestrel'],
  sellerName: 'Fjord Compute',
  neverClaim: ['guaranteed savings', 'We are the cheapest provider'],
};
const judge = (text: string, ...cites: number[]): string => {
  const verdict = checkSentence({ text, cites }, facts);
  return verdict.ok ? 'ok' : verdict.reason;
};

const PASS: [string, ...number[]][] = [
  ['Halden Robotics trains its own grasping models daily.', MODELS],
  ['We noticed that you run 240 H100s in Oslo.', GPUS],
  ['Halden does not rent GPUs.', CAGE],
  ['It trains its own models daily and runs 240 H100s.', MODELS, GPUS],
  ['Kestrel rents 900 machines.', RIVAL],
  ['We have H200 nodes in Oslo by the hour.', OFFER],
  ['With our nodes Borealis cut training time in half.', PROOF],
  ['Would Ada Lind have time this week?'],
  ['Which of these workloads would make a fair test?'],
];

void test('What a quote says passes, of the company as of the seller', () => {
  for (const [text, ...cites] of PASS) assert.equal(judge(text, ...cites), 'ok', text);
});

const CUT: [string, string, ...number[]][] = [
  ['a fact smuggled into a question', 'Would help be welcome since the outage in spring?'],
  ['a fact smuggled into an offer', 'We could help with your failed migration to Kubernetes.'],
  ['a need that nobody stated', 'Halden Robotics needs H100s in Oslo.', GPUS],
  ['a hedged claim', 'Halden Robotics might sell its models.', MODELS],
  ['a hedge that hides a plan', 'Halden perhaps plans more H100s in Oslo.', GPUS],
  ['a denial taken away', 'Halden rents GPUs.', CAGE],
  ['a denial moved to the other clause', 'Halden did not buy a cluster.', CAGE],
  ['a denial moved within the sentence', 'Halden rents GPUs, and has not bought a cluster.', CAGE],
  ['two facts joined into a third', 'Halden trains 240 H100s.', MODELS, GPUS],
  ['two facts joined by place', 'Its grasping models train in Oslo.', MODELS, GPUS],
  ['a number in words', 'Halden trains its models on footage from fifty bakeries.', MODELS],
  ['a measure in words', 'Halden tripled its models daily.', MODELS],
  ['a name in small letters', 'Halden trains its models on footage from borealis bakeries.', MODELS],
  ['words of another script', 'Halden trains its own grasping models 裁员.', MODELS],
  ['look-alike letters', 'Halden trains its own grаsping models.', MODELS],
  ['digits of another script', 'Halden runs ٥٠٠ H100s in Oslo.', GPUS],
  ['what a rival does', 'Halden rents 900 machines.', RIVAL],
  ['what the company says, in our mouth', 'We train our own grasping models daily.', MODELS],
  ['what the company has, in our mouth', 'Fjord Compute runs 240 H100s in Oslo.', GPUS],
  ['what the seller has, given to the company', 'Halden has H200 nodes in Oslo.', OFFER],
  ['what the seller has, given to the reader', 'You have H200 nodes in Oslo.', OFFER],
  ['both sides in one sentence', 'We have H200 nodes for your grasping models.', OFFER, MODELS],
  ['an offer that the profile does not hold', 'We have B300 nodes in Oslo.', OFFER],
  ['an own fact without its mark', 'We could send H200 nodes to Oslo.'],
  ['what is never claimed', 'We can help with savings that we guarantee.'],
  ['what is never claimed, the other way round', 'Our provider prices are the cheapest.', OFFER],
  ['a mark of its own making', 'Halden leads its trade [S1].'],
];

void test('What no quote says is cut, however it is dressed', () => {
  for (const [what, text, ...cites] of CUT) assert.notEqual(judge(text, ...cites), 'ok', what);
});

void test('It says why it cuts', () => {
  assert.equal(judge('Halden trains 240 H100s.', MODELS, GPUS), 'joined');
  assert.equal(judge('Halden rents GPUs.', CAGE), 'negation');
  assert.equal(judge('Halden rents 900 machines.', RIVAL), 'speaker');
  assert.equal(judge('We help with guaranteed savings.', OFFER), 'never-claimed');
});
