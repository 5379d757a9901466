// Pitch PDFs per second of processor time, beside those of other libraries that set the same text in the same fonts.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { printResult, readNumbers, spread } from './harness/print.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const options = readNumbers({ rounds: [5], seconds: [4] });
const [rounds = 5] = options.rounds;
const [seconds = 4] = options.seconds;
if (!existsSync(here('./rivals/node_modules')))
  throw new Error('The libraries to compare with are not installed: npm ci --prefix bench/rivals');

const Taken = z.object({
  documents: z.number(),
  cpuSeconds: z.number(),
  bytes: z.number(),
  peakMb: z.number(),
});
const OURS = ['fieldnote', 'fieldnote-untagged'] as const;
const RIVALS = ['react-pdf', 'pdfmake', 'jspdf'] as const;
const VARIANTS = [...OURS, ...RIVALS];
// Times as many as the fastest of the others, in the same round.
const GOALS = { fieldnote: 1.3, 'fieldnote-untagged': 1.7 };

async function printFor(variant: string): Promise<z.infer<typeof Taken>> {
  const script = here('./processes/print-pdfs.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, variant, String(seconds)], {
    timeout: (seconds + 60) * 1_000,
  });
  return Taken.parse(JSON.parse(stdout.slice(stdout.lastIndexOf('{'))));
}

const taken = new Map<string, z.infer<typeof Taken>[]>(VARIANTS.map((variant) => [variant, []]));
for (let round = 0; round < rounds; round += 1)
  for (const variant of VARIANTS) taken.get(variant)?.push(await printFor(variant));

const speed = ({ documents, cpuSeconds }: z.infer<typeof Taken>): number => documents / cpuSeconds;
const fastest = Array.from({ length: rounds }, (_, round) =>
  Math.max(...RIVALS.flatMap((rival) => taken.get(rival)?.[round] ?? []).map(speed)),
);
const results = [...taken].map(([variant, list]) => ({
  variant,
  perCpuSecond: list.map(speed),
  // Round by round: whatever slowed the machine slowed both.
  ratio: list.map((each, round) => speed(each) / (fastest[round] ?? NaN)),
  kilobytes: (list.at(-1)?.bytes ?? 0) / 1_000,
  peakMb: list.map(({ peakMb }) => peakMb),
}));
const goalOf = (variant: string): string =>
  Object.entries(GOALS).flatMap(([name, goal]) => (name === variant ? [goal.toFixed(1)] : []))[0] ?? '';
printResult(
  `pitch PDFs of two pages, four embedded fonts, ${rounds} rounds of ${seconds} s each in a process of its own`,
  ['library', 'PDFs per CPU second', 'times the fastest other', 'goal', 'kB', 'peak MB'],
  results.map(({ variant, perCpuSecond, ratio, kilobytes, peakMb }) => [
    variant === 'fieldnote' ? 'fieldnote (tagged)' : variant,
    spread(perCpuSecond, 1),
    spread(ratio),
    goalOf(variant),
    kilobytes.toFixed(0),
    spread(peakMb, 0),
  ]),
  { results, goals: GOALS },
);
