// Prints many sheets in one process, each by itself or all into a ZIP that nobody keeps, and tells what is alive meanwhile. Run with --expose-gc.
// argv: "documents" or "zip", how many.
import { Writable } from 'node:stream';
import { buildSheet } from '../../src/pipeline/6-pitch/build-sheet.ts';
import { createPrinter } from '../../src/pipeline/6-pitch/pdf/print-sheet.ts';
import type { Sheet } from '../../src/pipeline/6-pitch/sheet.ts';
import { zipSheets } from '../../src/pipeline/6-pitch/zip-sheets.ts';
import { someFacts } from '../../test/pipeline/6-pitch/pdf/sheet-facts.ts';
import { writeOtherWords } from '../harness/describe-sheet.ts';

const [what = 'documents', count = '600'] = process.argv.slice(2);
const many = Number(count);
const looks = 6;
const print = createPrinter();
const plain = buildSheet(someFacts());
const sheetOf = (seed: number): Sheet => ({
  ...writeOtherWords(plain, seed),
  domain: `company-${seed}.example`,
});
const aliveMb: number[] = [];
let residentMb = 0;
const look = (done: number): void => {
  residentMb = Math.max(residentMb, process.memoryUsage.rss() / 2 ** 20);
  if (done % Math.ceil(many / looks) !== 0) return;
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  aliveMb.push((heapUsed + external) / 2 ** 20);
};
let bytes = 0;
if (what === 'zip') {
  async function* sheets(): AsyncGenerator<Sheet> {
    for (let seed = 1; seed <= many; seed += 1) {
      yield sheetOf(seed);
      look(seed);
    }
  }
  const out = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      done();
    },
  });
  await zipSheets(sheets(), print, out, AbortSignal.timeout(600_000));
} else
  for (let seed = 1; seed <= many; seed += 1) {
    bytes += (await print(sheetOf(seed))).length;
    look(seed);
  }
process.stdout.write(JSON.stringify({ what, many, aliveMb, residentMb, bytes }));
