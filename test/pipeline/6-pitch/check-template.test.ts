import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkTemplate,
  checkTemplateSource,
  TemplateError,
} from '../../../src/pipeline/6-pitch/check-template.ts';
import { UserError } from '../../../src/errors.ts';
import { readShippedTemplate, SHIPPED_TEMPLATES } from '../../../src/pipeline/6-pitch/template-library.ts';
import { render } from './halden.ts';

const REFUSED: [string, RegExp][] = [
  ['{{compny.name}}', /^t\.hbs:1:3: "compny\.name" is not known here; did you mean "company\.name"\?/],
  [
    'a\n\n  {{#each reasons}}{{qoute}}{{/each}}',
    /^t\.hbs:3:22: "qoute" is not known here; did you mean "quote"\?/,
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
  ['{{#if company.name', /^t\.hbs:1:\d+: /],
  ['{{/if}}', /^t\.hbs:1:\d+: /],
  ['{{list reasons separator="x"}}', /named arguments/],
  ['x'.repeat(20_000), /at most 16384/],
  [`${'{{#if date}}'.repeat(9)}x${'{{/if}}'.repeat(9)}`, /deeper than 8/],
];

void test('A template may hold nothing unknown or dangerous, and errors name the place and the nearest name', () => {
  for (const [source, message] of REFUSED) {
    assert.throws(
      () => checkTemplate(source, 't.hbs'),
      (error) => error instanceof TemplateError && message.test(error.message),
      source.slice(0, 60),
    );
  }
});

void test('All that is wrong with a template is said at once, each with its place', () => {
  const source =
    'Hello {{company.nmae}}\n{{{score.value}}}\n{{#each reason}}{{anything}}{{/each}}\n{{> head}}';
  assert.deepEqual(checkTemplateSource(source).problems, [
    { line: 1, column: 9, message: '"company.nmae" is not known here; did you mean "company.name"?' },
    { line: 2, column: 1, message: 'raw output ({{{…}}} or {{&…}}) is not allowed' },
    { line: 3, column: 9, message: '"reason" is not known here; did you mean "reasons"?' },
    { line: 4, column: 1, message: 'partials ({{> …}}) are not allowed in a template' },
  ]);
});

void test('A template that cannot be read is refused with the place where it goes wrong', () => {
  const placeOf = (source: string) => {
    const [problem] = checkTemplateSource(source).problems;
    return [problem?.line, problem?.column];
  };
  assert.deepEqual(placeOf('one\ntwo {{#if company.name}}three'), [2, 30]);
  assert.deepEqual(placeOf('one\n  {{/if}}'), [2, 3]);
  assert.deepEqual(placeOf('{{#if date}}\nx\n{{/each}}'), [1, 4]);
  assert.deepEqual(placeOf('one\n{{list pains last=}}'), [2, 19]);
});

void test('A check names the variables that a template uses, from wherever it stands', () => {
  const source = `{{company.name}}{{#each personas}}{{title}}{{#each contacts}}{{name}}{{../style}}{{@root.date}}{{@index}}{{/each}}
    {{list pains}}{{/each}}{{#if seller}}{{seller.name}}{{/if}}`;
  assert.deepEqual(checkTemplateSource(source).variables, [
    'company.name',
    'date',
    'personas',
    'personas.contacts',
    'personas.contacts.name',
    'personas.pains',
    'personas.style',
    'personas.title',
    'seller',
    'seller.name',
  ]);
});

void test('A template without key points or a call to action, or with a written number of a source, is allowed and noted', () => {
  const { problems, hints } = checkTemplateSource('{{company.name}} trains models [1].');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    hints.map(({ message }) => /^[^:]+/.exec(message)?.[0]),
    [
      'a number in brackets reads as the number of a source',
      'no {{#keyPoint}}…{{/keyPoint}}',
      'no {{#callToAction}}…{{/callToAction}}',
    ],
  );
});

void test('Each template that comes with Fieldnote passes the check, without a hint', async () => {
  for (const name of SHIPPED_TEMPLATES) {
    const { problems, hints } = checkTemplateSource((await readShippedTemplate(name)).source);
    assert.deepEqual([problems, hints], [[], []], name);
  }
});

void test('A syntax tree is no template', () => {
  const tree: unknown = { type: 'Program', body: [] };
  assert.throws(() => checkTemplate(tree, 't.hbs'), TemplateError);
  assert.throws(() => Reflect.apply(render, null, [tree]), TypeError);
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
        const source = pieces.join('');
        checkTemplate(source, 't.hbs');
        const rendered = render(source);
        assert.ok(rendered.text.length <= 65_536);
      } catch (error) {
        assert.ok(error instanceof UserError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});
