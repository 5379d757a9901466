import assert from 'node:assert/strict';
import { test } from 'node:test';
import { data, empty, render, renderText } from './halden.ts';

void test('Helpers compare, list, date, round and truncate', () => {
  assert.equal(renderText('{{#ifEquals score.band "A"}}yes{{else}}no{{/ifEquals}}'), 'yes');
  assert.equal(renderText('{{#ifEquals score.band "B"}}yes{{else}}no{{/ifEquals}}'), 'no');
  assert.equal(
    renderText('{{#each personas}}{{list decisionFactors "or"}}{{/each}}'),
    'Price, Time or Trust',
  );
  assert.equal(renderText('{{date date}}'), '21 November 2026');
  assert.equal(renderText('{{date company.name}}'), '');
  assert.equal(renderText('{{round score.value}}'), '72');
  assert.equal(renderText('{{truncate profile.quote 20}}'), 'Halden Robotics …');
  assert.equal(
    renderText('{{#write "x"}}plain {{company.name}}{{/write}} end'),
    'plain Halden Robotics\n end',
  );
});

void test('A block that holds a single number gives it as text, and nothing where it is not known', () => {
  const source = ['{{#keyPoint}}', '{{#callToAction}}', '{{#write "x"}}']
    .map((open) => `${open}{{score.value}}{{/${open.slice(3, -2).split(' ')[0]}}}`)
    .join('|');
  const known = render(source);
  assert.deepEqual([known.keyPoints, known.callToAction], [['72.4'], '72.4']);
  assert.equal(renderText(source), '72.4|72.4|72.4');
  assert.deepEqual(render(source, empty.data).keyPoints, []);
  assert.equal(renderText(source, empty.data), '||');
});

void test('A template may name the seller, the manner and whom it is for, and says nothing where nobody is known', () => {
  const source = `{{#if seller}}{{seller.name}}: {{list seller.proofPoints}}{{/if}}{{persona.title}}{{settings.tone}}`;
  const seller = { name: 'Fjord Compute', offer: 'GPUs', audience: 'labs', proofPoints: ['One', 'Two'] };
  assert.equal(renderText(source), 'professional');
  assert.equal(renderText(source, { ...data, seller }), 'Fjord Compute: One and Twoprofessional');
});

void test('A list of whole sentences is set apart by semicolons, without their full stops', () => {
  const pains = ['Runs fail, and start again.', 'GPUs do not come.'];
  const spoken = { ...data, personas: data.personas.map((persona) => ({ ...persona, pains })) };
  const text = renderText('{{#each personas}}{{list pains}}{{/each}}', spoken);
  assert.equal(text, 'Runs fail, and start again; GPUs do not come');
});

void test('Blocks ask for more, for any and for what differs', () => {
  const ask = (block: string): string => renderText(`{{#${block}}}yes{{else}}no{{/${block.split(' ')[0]}}}`);
  assert.equal(ask('unlessEquals score.band "A"'), 'no');
  assert.equal(ask('ifAny profile persona'), 'yes');
  assert.equal(ask('ifAny persona seller'), 'no');
  assert.equal(ask('ifMore reasons 1'), 'yes');
  assert.equal(ask('ifMore reasons 2'), 'no');
  assert.equal(ask('ifMore score.value 70'), 'yes');
});

void test('What is older than some days on the day of the pitch is told from what is fresh, and no date is not old', () => {
  const source = '{{#each reasons}}{{#ifOlder published 180}}stale{{else}}fresh{{/ifOlder}} {{/each}}';
  const [first, ...others] = data.reasons;
  assert.ok(first);
  const dated = (published: string | null) =>
    renderText(source, { ...data, reasons: [{ ...first, published }] });
  assert.equal(others.length, 1);
  assert.deepEqual([dated('2026-05-24'), dated('2026-05-25'), dated(null)], ['stale', 'fresh', 'fresh']);
});

void test('An amount of money is shown with its currency, and what is no amount is not', () => {
  assert.equal(
    renderText('{{money 12500}}, {{money 12.5 "EUR"}}, {{money company.name}}{{money 1 "€"}}'),
    '$12,500, €12.50,',
  );
});

void test('The day of the pitch can be said without naming it twice', () => {
  assert.equal(
    renderText('{{date}}{{#each personas}}, {{date}}{{/each}}'),
    '21 November 2026, 21 November 2026',
  );
});

void test('No more passages are asked for than one question holds; the rest keep their own words', () => {
  const rendered = render('{{#write "x"}}a{{/write}}'.repeat(15));
  assert.equal(rendered.passages.length, 12);
  assert.match(rendered.text, /\u{E001}\na\na\na$/u);
});

void test('All parts of a pitch together stay below a limit', () => {
  const long = 'x'.repeat(16_000);
  assert.throws(
    () => render(`{{#each reasons}}{{#keyPoint}}${long}{{/keyPoint}}{{/each}}${long}${long}`),
    /more than 65536/,
  );
});

void test('A run of 60,000 spaces or full stops is put in order as fast as any other text', () => {
  const spaces = renderText(`a${' '.repeat(60_000)}b`);
  assert.equal(spaces.length, 60_002);
});
