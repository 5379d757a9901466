// Prints sheets for some seconds; tells what it took. argv: variant, seconds, file for the last document.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSheet } from '../../src/pipeline/6-pitch/build-sheet.ts';
import { createPrinter } from '../../src/pipeline/6-pitch/pdf/print-sheet.ts';
import { someFacts } from '../../test/pipeline/6-pitch/pdf/sheet-facts.ts';
import { describeSheet, writeOtherWords } from '../harness/describe-sheet.ts';
import { leaveOutTags } from '../harness/untag.ts';
import { openRival } from '../rivals/index.js';

const [variant = 'fieldnote', seconds = '4', file] = process.argv.slice(2);
const WARM_UP_SECONDS = 2;
// No company's words are another's: what was shaped for the last document must not serve the next one whole.
const SHEETS = 100;
const sheets = Array.from({ length: SHEETS }, (_, seed) => writeOtherWords(buildSheet(someFacts()), seed));
let turn = 0;
const nextOf = <T>(list: readonly T[]): T => {
  turn += 1;
  const found = list[turn % list.length];
  if (found === undefined) throw new Error('there are no sheets');
  return found;
};
const font = (name: string): string => fileURLToPath(import.meta.resolve(`@expo-google-fonts/${name}`));
const fonts = {
  sans: font('noto-sans/400Regular/NotoSans_400Regular.ttf'),
  'sans-bold': font('noto-sans/600SemiBold/NotoSans_600SemiBold.ttf'),
  serif: font('source-serif-4/400Regular/SourceSerif4_400Regular.ttf'),
  'serif-bold': font('source-serif-4/600SemiBold/SourceSerif4_600SemiBold.ttf'),
};

async function openVariant(): Promise<() => Promise<Uint8Array>> {
  if (variant === 'fieldnote' || variant === 'fieldnote-untagged') {
    if (variant === 'fieldnote-untagged') leaveOutTags();
    const print = createPrinter();
    return () => print(nextOf(sheets));
  }
  const pages = sheets.map(describeSheet);
  const print = await openRival(variant, fonts);
  return () => print(nextOf(pages));
}

const printNext = await openVariant();
let last: Uint8Array = new Uint8Array();
const until = (end: number) => async (): Promise<number> => {
  let documents = 0;
  for (; performance.now() < end; documents += 1) last = await printNext();
  return documents;
};
await until(performance.now() + WARM_UP_SECONDS * 1_000)();
const before = process.cpuUsage();
const documents = await until(performance.now() + Number(seconds) * 1_000)();
const { user, system } = process.cpuUsage(before);
if (file !== undefined) writeFileSync(file, last);
process.stdout.write(
  JSON.stringify({
    documents,
    cpuSeconds: (user + system) / 1e6,
    bytes: last.length,
    peakMb: process.resourceUsage().maxRSS / 1024,
  }),
);
