import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishPitch } from '../../../src/pipeline/6-pitch/finish-pitch.ts';
import { citations, render } from './halden.ts';

test('what the seller never claims is cut from a template’s own words, and stays in what the company says of itself', () => {
  const rendered = render(
    [
      'We offer guaranteed savings. We talk of {{company.name}}.',
      '{{#each reasons}}',
      '- {{#keyPoint}}{{label}}: “{{quote}} Our savings are guaranteed.” [{{number}}]{{/keyPoint}}',
      '{{/each}}',
      '- {{#keyPoint}}Savings, guaranteed{{/keyPoint}}',
      '{{#callToAction}}Shall we guarantee your savings? Or talk on Monday?{{/callToAction}}',
    ].join('\n'),
  );
  const pitch = finishPitch({ template: { name: 'ours' }, rendered, passages: null, citations, neverClaim: ['guaranteed savings'] }); // prettier-ignore
  const said = [pitch.text, pitch.callToAction, ...pitch.keyPoints].join('\n').replaceAll(/“[^”]*”/g, '');
  assert.doesNotMatch(said, /guarante/i);
  assert.match(pitch.text, /We talk of Halden Robotics\.[\s\S]*Our savings are guaranteed\.” \[\d\]/);
  assert.equal(pitch.callToAction, 'Or talk on Monday?');
  assert.equal(pitch.cut, 3);
  assert.deepEqual(new Set(pitch.forbidden.map(({ reason }) => reason)), new Set(['never-claimed']));
});
