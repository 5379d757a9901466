import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishPitch } from '../../../src/pipeline/6-pitch/finish-pitch.ts';
import { readShippedTemplate, SHIPPED_TEMPLATES } from '../../../src/pipeline/6-pitch/template-library.ts';
import { findStrangeLinks } from '../../../src/pipeline/plain-text.ts';
import { citations, data, empty, render, renderText } from './halden.ts';

void test('Each shipped template gives key points, a call to action and a text whose facts carry their source', async () => {
  for (const name of SHIPPED_TEMPLATES) {
    const template = await readShippedTemplate(name);
    const pitch = finishPitch({ template, rendered: render(template.source), passages: null, citations });
    assert.equal(pitch.method, 'phrases');
    assert.ok(pitch.keyPoints.length > 0, name);
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
  for (const name of SHIPPED_TEMPLATES) {
    const template = await readShippedTemplate(name);
    const pitch = finishPitch({
      template,
      rendered: render(template.source, empty.data),
      passages: null,
      citations: empty.citations,
    });
    assert.deepEqual(pitch.keyPoints, []);
    assert.deepEqual(pitch.citations, []);
    assert.doesNotMatch(pitch.text, /\[\d+\]|Halden Robotics in its own words/);
    assert.notEqual(pitch.callToAction, '');
  }
});

const seller = {
  name: 'Fjord Compute',
  offer: 'GPUs by the hour, from Norway.',
  audience: 'labs',
  proofPoints: ['Ready in a day', 'Run on water power'],
};

void test('A template says of the seller what the seller says, and nothing where nobody said it', async () => {
  const named = [];
  for (const name of SHIPPED_TEMPLATES) {
    const { source } = await readShippedTemplate(name);
    for (const given of [data, empty.data]) assert.doesNotMatch(renderText(source, given), /Fjord|We are :/);
    const text = renderText(source, { ...data, seller });
    if (text.includes('GPUs by the hour, from Norway')) named.push(name);
    assert.doesNotMatch(text, /undefined|\[object|\n\n\n/);
  }
  assert.deepEqual(
    named,
    SHIPPED_TEMPLATES.filter((name) => !['concise', 'standard', 'technical'].includes(name)),
  );
});

void test('What a template says of roles is marked as inferred', async () => {
  for (const name of SHIPPED_TEMPLATES) {
    const text = renderText((await readShippedTemplate(name)).source, {
      ...data,
      persona: data.personas[0] ?? null,
    });
    if (/Waiting for capacity|Price, Time and Trust/.test(text)) assert.match(text, /inferred/, name);
  }
});

void test('A battlecard marks as stale what is older than 180 days, and only that', async () => {
  const { source } = await readShippedTemplate('battlecard');
  const lines = renderText(source).split('\n');
  assert.ok(
    lines.some(
      (line) => line.includes('240 H100s') && line.endsWith('(1 March 2026, stale: older than 180 days)'),
    ),
  );
  const fresh = data.reasons.map((reason) => ({ ...reason, published: '2026-11-01' }));
  assert.doesNotMatch(renderText(source, { ...data, reasons: fresh, doubts: [] }), /stale: /);
});

void test('A note for LinkedIn fits the field, also for a long name', async () => {
  const { source } = await readShippedTemplate('linkedin-message');
  const company = { ...data.company, name: 'Sehr lange Namen '.repeat(20) };
  const [, note = ''] = renderText(source, { ...data, company }).split('\n');
  assert.ok(note.length > 50 && note.length <= 300, note);
});
