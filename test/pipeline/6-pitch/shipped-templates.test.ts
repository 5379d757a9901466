import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishPitch } from '../../../src/pipeline/6-pitch/finish-pitch.ts';
import { readShippedTemplate, SHIPPED_TEMPLATES } from '../../../src/pipeline/6-pitch/template-library.ts';
import { findStrangeLinks } from '../../../src/pipeline/plain-text.ts';
import { citations, empty, render } from './halden.ts';

void test('Each shipped template gives key points, a call to action and a text whose facts carry their source', async () => {
  for (const name of SHIPPED_TEMPLATES) {
    const template = await readShippedTemplate(name);
    const pitch = finishPitch({ template, rendered: render(template.source), passages: null, citations });
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
    assert.doesNotMatch(pitch.text, /“/);
    assert.notEqual(pitch.callToAction, '');
  }
});
