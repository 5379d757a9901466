import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { fillPlace } from './settings.ts';

// Puts what the demo printed into the README: npm run -s demo -- --once | npx node test/documents/capture.ts
const RANKED_SHOWN = 12;
const WIDEST = 172;

const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const printed = (await text(process.stdin)).trimEnd().split('\n');
const lines = printed.flatMap((line) => {
  const rank = Number(/^ *(\d+) {2}\S/.exec(line)?.[1] ?? 0);
  if (rank === RANKED_SHOWN + 1) return ['   […]'];
  if (rank > RANKED_SHOWN) return [];
  return [line.length > WIDEST ? `${line.slice(0, WIDEST - 1)}…` : line.trimEnd()];
});
if (!printed.some((line) => line.includes('method: ')))
  throw new Error('this is not what a finished demo prints');
const place = fillPlace(await readFile(readme, 'utf8'), 'result', ['```', ...lines, '```'].join('\n'));
await writeFile(readme, place);
