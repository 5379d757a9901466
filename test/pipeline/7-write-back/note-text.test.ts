import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeHtml, toHtml, toPlain } from '../../../src/connectors/hubspot/note-html.ts';
import { describeBandChange } from '../../../src/pipeline/7-write-back/note-text.ts';
import type { ScoreText } from '../../../src/pipeline/7-write-back/texts.ts';

const MORE = 'https://fieldnote.example/companies/acme.example';
const reason = (label: string, points: number, url: string | null = 'https://acme.example/jobs') => ({
  label,
  points,
  quote: url === null ? null : `They said ${label}`,
  url,
});
const score = (rest: Partial<ScoreText> = {}): ScoreText => ({
  status: 'scored',
  score: 61.54,
  band: 'B',
  confidence: 0.8,
  reasons: [reason('Start', 5, null), reason('small', 1), reason('GPUs', 30.25), reason('against', -12), reason('vision', 8)], // prettier-ignore
  missing: [],
  why: null,
  ...rest,
});

test('a note says which band became which, with the three strongest reasons, their quotes and their sources', () => {
  assert.equal(
    describeBandChange({ from: 'C', to: 'B' }, score(), MORE),
    [
      'Fieldnote: band C → B',
      '',
      'The score is 61.5 of 100, confidence 80 %.',
      '+30.3 GPUs: “They said GPUs” https://acme.example/jobs',
      '−12 against: “They said against” https://acme.example/jobs',
      '+8 vision: “They said vision” https://acme.example/jobs',
      `All reasons: ${MORE}`,
    ].join('\n'),
  );
});

test('a note of a score that is gone says why, and no address of a quote gets in', () => {
  const gone = score({ status: 'not-enough-evidence', score: null, band: null, reasons: [], why: 'Nothing could be read' }); // prettier-ignore
  assert.match(describeBandChange({ from: 'B', to: 'Not enough evidence' }, gone, MORE), /band B → Not enough evidence\n\nNo score any more: Nothing could be read/); // prettier-ignore
  const hostile = { ...reason('x', 9), quote: 'see https://evil.example/login\nnow' };
  const text = describeBandChange({ from: 'C', to: 'B' }, score({ reasons: [hostile] }), MORE);
  assert.ok(!text.includes('evil.example/login') && text.split('\n').length === 5, text);
});

test('whatever the text, HubSpot shows just that text: it holds no markup of anybody else’s', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(
          '<',
          '>',
          '&',
          '"',
          "'",
          'a',
          '\n',
          ' ',
          'https://x.example/?a=1&b="',
          '&lt;',
          '<script>',
        ),
      }),
      (text) => {
        // prettier-ignore
        const html = toHtml(text);
        assert.doesNotMatch(html.replaceAll(/<\/?(p|a)( href="[^"<>]*" rel="nofollow")?>/g, ''), /[<>]/);
        assert.equal(toPlain(html), text.replaceAll(/\s+/g, ' ').trim());
      },
    ),
  );
  assert.equal(escapeHtml(`<a href="x">&'`), '&lt;a href=&quot;x&quot;&gt;&amp;&#39;');
});
