// What is alive while one process prints many pitch PDFs, each by itself and all into one ZIP.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { printResult, readNumbers } from './harness/print.ts';

const options = readNumbers({ documents: [150, 600], zip: [20, 200] });
const Taken = z.object({
  what: z.string(),
  many: z.number(),
  aliveMb: z.array(z.number()),
  residentMb: z.number(),
  bytes: z.number(),
});
const script = fileURLToPath(new URL('./processes/print-many.ts', import.meta.url));
const results: z.infer<typeof Taken>[] = [];
for (const what of ['documents', 'zip'] as const)
  for (const many of options[what]) {
    const args = ['--expose-gc', script, what, String(many)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 600_000 });
    results.push(Taken.parse(JSON.parse(stdout.slice(stdout.lastIndexOf('{"what')))));
  }
printResult(
  'memory while pitch PDFs are printed, no two of the same words',
  ['what', 'how many', 'alive after each sixth, MB', 'resident at most, MB', 'printed, MB'],
  results.map(({ what, many, aliveMb, residentMb, bytes }) => [
    what === 'zip' ? 'in one ZIP' : 'one by one',
    String(many),
    aliveMb.map((alive) => alive.toFixed(0)).join(' '),
    residentMb.toFixed(0),
    (bytes / 2 ** 20).toFixed(1),
  ]),
  { results },
);
