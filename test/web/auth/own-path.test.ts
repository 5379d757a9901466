import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownPath } from '../../../src/web/auth/own-path.ts';

test('nobody is sent anywhere but to a path of ours after they signed in', () => {
  for (const path of ['/', '/companies/acme.example', '/?q=a%20b&band=A', '/runs/1#step'])
    assert.equal(ownPath(path), path);
  for (const away of [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n//evil.example',
    ' //evil.example',
    'javascript:alert(1)',
    '/.//evil.example',
    '/x/..//evil.example',
    '/sign-in?to=/',
    '/sign-in/start',
    '/sign-out',
    `/${'a'.repeat(2_000)}`,
    '',
    null,
    undefined,
    ['/'],
  ])
    assert.equal(ownPath(away), '/', String(away));
});

test('whatever is asked for, a browser that follows it stays here', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    ':',
    '@',
    '?',
    '#',
    '%2f',
    '%5c',
    '\t',
    '\n',
    ' ',
    'evil.example',
    'http',
    'a',
    'é',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const to = ownPath(pieces.join(''));
      assert.equal(new URL(to, 'https://notes.example/sign-in/callback').origin, 'https://notes.example');
      assert.match(to, /^\/(?![/\\])/);
    }),
    { numRuns: 2_000 },
  );
});
