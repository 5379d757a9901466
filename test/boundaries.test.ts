import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkFile } from './boundaries/rules.ts';
import { allowed, broken } from './boundaries/samples.ts';
import { scan } from './boundaries/scan.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILES = globSync(['{src,sandbox,test,bench,crm/hubspot}/**/*.{ts,tsx}'], {
  cwd: ROOT,
  // What benches compare with may be installed beside them.
  exclude: ['**/node_modules/**'],
}).map((path) => path.replaceAll('\\', '/'));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the house', () => {
  test('is whole: the check has files of every floor before it', () => {
    const floors = ['src/main.ts', 'src/app.ts', 'src/db.ts', 'sandbox/sandbox.ts'];
    const cards = ['crm/hubspot/src/app/cards/FieldnoteCard.tsx', 'sandbox/hubspot/client/card-host.tsx'];
    for (const floor of [...floors, ...cards]) assert.ok(FILES.includes(floor), `${floor} is there`);
    assert.ok(FILES.length > 100, `${FILES.length} files`);
  });

  test('keeps its rules: imports point one way, siblings are strangers, only the store speaks SQL', () => {
    const violations = FILES.flatMap((path) => checkFile(path, read(path)));
    const lines = violations.map(({ path, line, message }) => `${path}:${line} ${message}`);
    assert.deepEqual(lines, []);
  });

  test('is read rightly: every relative import that the check sees leads to a file', () => {
    const lost = FILES.flatMap((path) =>
      scan(read(path), { jsx: path.endsWith('.tsx') })
        .imports.filter(({ specifier }) => specifier.startsWith('.'))
        .filter(({ specifier }) => !existsSync(join(ROOT, dirname(path), specifier)))
        .map(({ specifier, line }) => `${path}:${line} ${specifier}`),
    );
    assert.deepEqual(lost, []);
  });
});

describe('the check of the house', () => {
  for (const [what, path, source, message] of broken)
    test(`refuses ${what}`, () => {
      const found = checkFile(path, source).map((violation) => violation.message);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', message);
    });

  for (const [what, path, source] of allowed)
    test(`allows ${what}`, () => assert.deepEqual(checkFile(path, source), []));

  test('reads every form of import, with its line', () => {
    const source = [
      `import './a.ts';`,
      `import b, { type c as d } from './b.ts';`,
      `import type * as e from "./c.ts"`,
      `export { from } from './d.ts';`,
      `export type { X } from './e.ts';`,
      `const f = await import(/* why */ './f.ts');`,
      `const g: import('./g.ts').G = import.meta.url;`,
      `new Worker(new URL('./h.ts', import.meta.url));`,
      `export { f }; const from = 'not-a-module';`,
      `export const from2 = { import: 'neither', from: 'this' };`,
    ].join('\n');
    assert.deepEqual(
      scan(source).imports.map(({ specifier, line }) => `${line} ${specifier}`),
      ['1 ./a.ts', '2 ./b.ts', '3 ./c.ts', '4 ./d.ts', '5 ./e.ts', '6 ./f.ts', '7 ./g.ts', '8 ./h.ts'],
    );
  });

  test('refuses to pass over what it can not read', () => {
    for (const source of ['const a = (1;', "const a = 'open", 'const a = `open', 'a }', '/* open', '`${a'])
      assert.throws(() => scan(source), /line 1: /, source);
  });
});
