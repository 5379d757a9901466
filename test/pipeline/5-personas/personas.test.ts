import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { choosePersonas, findReadRoles } from '../../../src/pipeline/5-personas/choose-personas.ts';
import { type CrmPerson, matchContacts } from '../../../src/pipeline/5-personas/match-contacts.ts';
import { loadScoringModel } from '../../../src/pipeline/scoring-model.ts';
import type { Signal } from '../../../src/pipeline/store/signals.ts';

const model = await loadScoringModel(
  new URL('../../../scoring-models/gpu-infrastructure.yaml', import.meta.url).pathname,
);
const [firstKind] = model.kinds;
assert.ok(firstKind);

const signal = (kind: string, quote: string): Signal => ({
  kind,
  strength: 0.9,
  confidence: 0.8,
  quote,
  sourceId: 's',
  url: 'https://halden.test/',
  published: null,
});
const person = (title: string | null, name: string | null = 'Ada Lind'): CrmPerson => ({
  connectionId: 'c',
  object: 'Contact',
  externalId: `${name} ${title}`,
  name,
  title,
});
const allRoles = model.personas.map((role) => ({
  role: role.key,
  title: role.title,
  pains: [],
  motives: [],
  style: '',
  decisionFactors: [],
  buyingSignals: [],
}));
const rolesOf = (title: string): string[] =>
  matchContacts({ personas: allRoles, people: [person(title)], model })
    .filter(({ matches }) => matches.length > 0)
    .map(({ role }) => role);

void test('Without any signal the first roles of the model come, and they state no fact', () => {
  const personas = choosePersonas({ model, signals: [] });
  assert.equal(personas.length, Math.min(3, model.personas.length));
  for (const persona of personas) {
    assert.deepEqual(persona.buyingSignals, []);
    const role = model.personas.find(({ key }) => key === persona.role);
    assert.deepEqual(persona.pains, role?.pains.slice(0, 4));
  }
});

void test('The same signals in any order give the same personas, each buying signal with its source', () => {
  const signals = model.kinds
    .slice(0, 6)
    .map((kind, index) => signal(kind.key, `We train models number ${index}.`));
  const expected = choosePersonas({ model, signals });
  assert.ok(expected.some(({ buyingSignals }) => buyingSignals.length > 0));
  for (const { buyingSignals } of expected) {
    for (const text of buyingSignals)
      assert.match(text, /^“We train models number \d\.” \(https:\/\/halden\.test\/\)$/);
  }
  fc.assert(
    fc.property(fc.shuffledSubarray(signals, { minLength: signals.length }), (shuffled) => {
      assert.deepEqual(choosePersonas({ model, signals: shuffled }), expected);
    }),
    { numRuns: 20 },
  );
});

void test('A role that the reader found a sentence for comes first, with its inferences before the usual ones', () => {
  const last = model.personas.at(-1);
  assert.ok(last);
  const read = findReadRoles({
    profile: null,
    personas: [
      {
        role: last.key,
        pains: ['Training takes nights.'],
        motives: [],
        style: null,
        decisionFactors: [],
        quote: 'We hire.',
        url: 'https://halden.test/jobs',
        sourceId: 's',
      },
    ],
  });
  const [persona] = choosePersonas({ model, signals: [], read });
  assert.equal(persona?.role, last.key);
  assert.equal(persona?.pains[0], 'Training takes nights.');
  assert.deepEqual(persona?.buyingSignals, ['“We hire.” (https://halden.test/jobs)']);
  assert.deepEqual(findReadRoles({ anything: 'else' }), []);
});

const TITLES: [string, string][] = [
  ['CTO', 'technical-leader'],
  ['Chief Technology Officer (CTO)', 'technical-leader'],
  ['V.P. Engineering', 'technical-leader'],
  ['Senior Vice President of Engineering', 'technical-leader'],
  ['VP, Engineering', 'technical-leader'],
  ['Technischer Leiter', 'technical-leader'],
  ['Directrice technique', 'technical-leader'],
  ['Director de Tecnología', 'technical-leader'],
  ['最高技術責任者', 'technical-leader'],
  ['Head of AI', 'ml-leader'],
  ['Leiterin Künstliche Intelligenz', 'ml-leader'],
  ['Director of Machine Learning', 'ml-leader'],
  ['Head of ML', 'ml-leader'],
  ['IT-Leiter', 'infrastructure-leader'],
  ['Responsable Infrastructure', 'infrastructure-leader'],
  ['Leiter Infrastruktur', 'infrastructure-leader'],
  ['Head of Infra', 'infrastructure-leader'],
  ['CFO', 'finance-leader'],
  ['Directeur financier', 'finance-leader'],
  ['Kaufmännische Leiterin', 'finance-leader'],
  ['Geschäftsführerin', 'founder'],
  ['Directeur Général', 'founder'],
  ['Co-Founder & CEO', 'founder'],
  ['代表取締役', 'founder'],
];

void test('Titles in several languages and spellings find their role', () => {
  for (const [title, role] of TITLES)
    assert.ok(rolesOf(title).includes(role), `${title}: ${rolesOf(title).join(', ')}`);
});

void test('Assistants, former holders, interns and other trades fill no role', () => {
  for (const title of [
    'Assistant to the CTO',
    'Former CTO',
    'ex-CEO',
    'Executive Assistant, Office of the CEO',
    'Machine Learning Intern',
    'Sales Representative',
    'Chef de cuisine',
    'Director of Photography',
  ]) {
    assert.deepEqual(rolesOf(title), [], title);
  }
  assert.ok(!rolesOf('Vice President of Sales').includes('founder'));
});

void test('Only people of the CRM are matched, most senior first, at most five', () => {
  const people = [
    person('Platform engineer', 'Zoe Dahl'),
    person('Head of Infrastructure', 'Bo Riis'),
    person('CIO', 'Ada Lind'),
    person('Infrastructure engineer', 'Cy Moe'),
    person('Infrastructure Lead', 'Di Foss'),
    person('Cloud architect', 'Ed Vik'),
    person('VP Infrastructure', 'Flo Hay'),
    person(null, 'Gus'),
    person('CIO', null),
    person('  ', ' '),
  ];
  const [persona] = matchContacts({
    personas: allRoles.filter(({ role }) => role === 'infrastructure-leader'),
    people,
    model,
  });
  assert.deepEqual(
    persona?.matches.slice(0, 3).map(({ name }) => name),
    ['Ada Lind', 'Flo Hay', 'Bo Riis'],
  );
  assert.equal(persona?.matches.length, 5);
  fc.assert(
    fc.property(
      fc.array(fc.record({ title: fc.string({ unit: 'binary' }), name: fc.string({ unit: 'binary' }) })),
      (rows) => {
        const known = rows.map(({ title, name }) => person(title, name));
        for (const { matches } of matchContacts({ personas: allRoles, people: known, model })) {
          for (const match of matches)
            assert.ok(known.some(({ externalId }) => externalId === match.externalId));
        }
      },
    ),
    { numRuns: 50 },
  );
});
