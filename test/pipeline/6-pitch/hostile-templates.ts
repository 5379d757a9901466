import fc from 'fast-check';

const inlinePartials = Array.from(
  { length: 20 },
  (_, index) => `{{#*inline "p${index + 1}"}}${`{{> p${index}}}`.repeat(3)}{{/inline}}`,
).join('');

/** Templates that hang, or fill the memory of, a process that renders them as they are. */
export const DENIALS: readonly (readonly [string, string])[] = [
  ['a list in a list', '{{#each big}}{{#each @root.big}}{{this}}{{/each}}{{/each}}'],
  ['nine lists in each other', `${'{{#each @root.big}}'.repeat(9)}x${'{{/each}}'.repeat(9)}`],
  ['partials that call each other', `{{#*inline "p0"}}ha{{/inline}}${inlinePartials}{{> p20}}`],
  ['a partial that calls itself', '{{#*inline "p"}}{{> p}}{{> p}}{{/inline}}{{> p}}'],
  ['a partial named by data', '{{> (lookup company "name")}}'],
  ['20,000 conditions in each other', `${'{{#if company}}'.repeat(20_000)}x${'{{/if}}'.repeat(20_000)}`],
  ['200,000 variables', '{{a}}'.repeat(200_000)],
  ['a name of 100,000 parts', `{{${'a.'.repeat(100_000)}a}}`],
  ['40,000 decorators', '{{#*inline "x"}}y{{/inline}}'.repeat(40_000)],
  ['an unknown decorator', '{{* nothing}}'],
  ['helpers in helpers', `{{round ${'(round '.repeat(6_000)}1${')'.repeat(6_000)}}}`],
  [
    'a list in a list, listed 200 times',
    `{{#each big}}{{#each @root.big}}${'{{list @root.big}}'.repeat(200)}{{/each}}{{/each}}`,
  ],
  ['a megabyte of text', 'x'.repeat(1_000_000)],
  ['a megabyte of open braces', '{'.repeat(1_000_000)],
  ['a megabyte of comments', '{{!x}}'.repeat(170_000)],
  ['a list that shows itself', '{{#each big}}{{@root.big}}{{/each}}'],
  ['an instruction for each of many', `{{#each big}}{{#write "${'x'.repeat(900)}"}}y{{/write}}{{/each}}`],
  [
    'a key point in a key point for each of many',
    `{{#each big}}${'{{#keyPoint}}'.repeat(8)}x{{this}}${'{{/keyPoint}}'.repeat(8)}{{/each}}`,
  ],
  ['a long hash', `{{list big ${Array.from({ length: 40_000 }, (_, index) => `a${index}=1`).join(' ')}}}`],
];

const NAMES = [
  'company.name', 'company', 'score.value', 'score.band', 'profile.quote', 'reasons', 'personas', 'competitors', 'quote',
  'number', 'title', 'contacts', 'pains', 'date', 'seller.name', 'settings.tone', 'this', '.', '../company.name', '@root.date',
  '@index', '@first', '@root', 'constructor', '__proto__', 'company.constructor.constructor', 'toString', 'reasons.length',
  'process.env', '@root.__proto__', '__lookupGetter__', 'helperMissing', '@partial-block', '[0]', 'reasons.[0].quote',
]; // prettier-ignore
const LITERALS = ['"a"', "'b'", '7', '1e9', '-1', 'true', 'null', 'undefined', '"constructor"', '"{{x}}"'];
const INLINE = ['list', 'date', 'money', 'truncate', 'round', 'log', 'lookup', 'helperMissing', 'eval'];
const BLOCKS = ['if', 'unless', 'each', 'ifEquals', 'unlessEquals', 'ifAny', 'ifMore', 'ifOlder', 'write', 'keyPoint', 'callToAction', 'with', 'blockHelperMissing', 'constructor']; // prettier-ignore
const SPLINTERS = ['{{', '}}', '{{{', '}}}', '{{&', '{{#', '{{/', '{{>', '{{*', '{{!--', '--}}', '{{else}}', '{{^}}', '~', '|x|', ' as |x|', '=', '(', ')', '\\{{', '../', '[', ']', '"', '\u{E000}1\u{E001}', '\u0000', '<b>', '\n']; // prettier-ignore

const argument = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 2, arbitrary: fc.constantFrom(...LITERALS) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...INLINE), fc.constantFrom(...NAMES, ...LITERALS))
      .map(([helper, value]) => `(${helper} ${value})`),
  },
);
const call = fc
  .tuple(fc.constantFrom(...INLINE), fc.array(argument, { maxLength: 3 }))
  .map(([helper, given]) => `{{${[helper, ...given].join(' ')}}}`);

const { template } = fc.letrec<{ template: string; piece: string; block: string }>((tie) => ({
  template: fc
    .array(tie('piece'), { maxLength: 5, depthIdentifier: 'blocks' })
    .map((pieces) => pieces.join('')),
  piece: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'blocks' },
    { weight: 3, arbitrary: fc.constantFrom(...NAMES).map((name) => `{{${name}}}`) },
    { weight: 2, arbitrary: call },
    { weight: 2, arbitrary: fc.constantFrom('words ', '\n', '<i>', '[1]', '- ', '{{! note }}') },
    { weight: 3, arbitrary: tie('block') },
  ),
  block: fc
    .tuple(fc.constantFrom(...BLOCKS), fc.array(argument, { maxLength: 2 }), tie('template'), tie('template'))
    .map(
      ([name, given, body, other]) => `{{#${[name, ...given].join(' ')}}}${body}{{else}}${other}{{/${name}}}`,
    ),
}));

/** Templates after the grammar, about half of them with splinters of it thrown in. */
export const anyTemplate: fc.Arbitrary<string> = fc
  .tuple(
    template,
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...SPLINTERS), fc.nat({ max: 3 })), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([text, cuts, isWhole]) =>
    isWhole
      ? text
      : cuts.reduce((known, [at, splinter, gone]) => {
          const place = known.length === 0 ? 0 : at % known.length;
          return known.slice(0, place) + splinter + known.slice(place + gone);
        }, text),
  );
