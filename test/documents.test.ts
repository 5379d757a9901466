import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const filesUnder = (folder: string, ends: RegExp): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ends.test(name))
    .map((name) => join(folder, name));

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', ...filesUnder('docs', /\.md$/)];

/** The anchors that a page has, as GitHub makes them: lower case, without punctuation, blanks as hyphens; a repeated one is numbered. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Map<string, number>();
  let inCode = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) inCode = !inCode;
    const [, heading] = inCode ? [] : (/^#{1,6} (.+)$/.exec(line) ?? []);
    if (heading === undefined) continue;
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const times = anchors.get(slug) ?? 0;
    anchors.set(slug, times + 1);
    if (times > 0) anchors.set(`${slug}-${times}`, 1);
  }
  return new Set(anchors.keys());
}

/** What is wrong with a link to a file of the repository and a heading in it; null: nothing. */
function findFault(path: string, anchor: string | undefined): string | null {
  const file = join(ROOT, path);
  if (!existsSync(file)) return 'there is no such file';
  if (anchor === undefined) return null;
  return anchorsOf(readFileSync(file, 'utf8')).has(anchor) ? null : `there is no heading #${anchor}`;
}

test('every message of ours that sends somebody to a page of the docs names one that exists, and a heading in it', () => {
  const faults: string[] = [];
  let links = 0;
  for (const file of filesUnder('src', /\.(ts|hbs)$/)) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [link, path = '', anchor] of text.matchAll(/(?<![\w/.])(docs\/[\w./-]+\.md)(?:#([\w-]+))?/g)) {
      links += 1;
      const fault = findFault(path, anchor);
      if (fault !== null) faults.push(`${file}: ${link}: ${fault}`);
    }
  }
  assert.ok(links > 0, 'the pattern finds none');
  assert.deepEqual(faults, []);
});

test('every link between our documents leads somewhere', () => {
  const faults: string[] = [];
  for (const file of DOCUMENTS) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:/.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const fault = findFault(path === '' ? file : normalize(join(dirname(file), path)), anchor);
      if (fault !== null) faults.push(`${file}: ${link}: ${fault}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('the README leads to every page of the docs, and the list of decisions to every decision', () => {
  for (const [list, pages] of [
    ['README.md', readdirSync(join(ROOT, 'docs')).map((name) => join('docs', name))],
    [
      join('docs', 'decisions', 'README.md'),
      filesUnder(join('docs', 'decisions'), /\.md$/).filter((path) => !path.endsWith('README.md')),
    ],
  ] as const) {
    const links = [...readFileSync(join(ROOT, list), 'utf8').matchAll(/\]\(([^)#\s]+)/g)];
    const named = new Set(links.map(([, link = '']) => normalize(join(dirname(list), link))));
    const missing = pages.filter((path) => path.endsWith('.md') && !named.has(path));
    assert.deepEqual(missing, [], `${list} does not link to them`);
  }
});
