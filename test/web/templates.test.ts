import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const FOLDER = new URL('../../src/web/pages/', import.meta.url);
const templates = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.hbs'))
  .map((name) => ({ name, text: readFileSync(new URL(name, FOLDER), 'utf8') }));

test('page templates escape everything, quote every attribute and hold nothing inline', () => {
  assert.ok(templates.length >= 10);
  for (const { name, text } of templates) {
    assert.doesNotMatch(text, /\{\{\{|\{\{&/, `${name} puts something in raw`);
    // Escaping does not help where a value is not in quotes: a blank in it begins a new attribute.
    assert.doesNotMatch(text, /=\{\{/, `${name} has a value without quotes`);
    assert.doesNotMatch(
      text,
      /\sstyle=|\son[a-z]+=|<style|<script(?![^>]*src=)/,
      `${name} holds something inline`,
    );
    for (const [link] of text.matchAll(/<a [^>]*target=[^>]*>/g))
      assert.match(link, /rel=["']noopener noreferrer nofollow["']/, name);
  }
});
