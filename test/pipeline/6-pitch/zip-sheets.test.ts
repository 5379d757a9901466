import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { buildSheet } from '../../../src/pipeline/6-pitch/build-sheet.ts';
import type { Sheet } from '../../../src/pipeline/6-pitch/sheet.ts';
import { zipSheets } from '../../../src/pipeline/6-pitch/zip-sheets.ts';
import { someFacts } from './pdf/sheet-facts.ts';

const goOn = new AbortController().signal;
const print = async (sheet: Sheet): Promise<Buffer> => Buffer.from(`the PDF of ${sheet.name}`);
const sheetOf = (name: string, domain: string): Sheet => ({ ...buildSheet(someFacts()), name, domain });

async function* each(sheets: Iterable<Sheet>): AsyncGenerator<Sheet> {
  yield* sheets;
}

async function zip(sheets: Iterable<Sheet>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const out = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  await zipSheets(each(sheets), print, out, goOn);
  return Buffer.concat(chunks);
}

test('a ZIP holds a PDF of each company and an index, and is the same each time', async () => {
  const sheets = [
    sheetOf('Acme', 'acme.example'),
    sheetOf('=HYPERLINK("http://evil")', '../../etc/evil.example'),
  ];
  const first = await zip(sheets);
  const read = first.toString('latin1');
  for (const part of [
    'acme.example.pdf',
    'the PDF of Acme',
    'index.csv',
    'file,company,domain,score,band,as_of',
    'acme.example.pdf,Acme,acme.example,78.4,A,20 Oct 2026',
  ])
    assert.ok(read.includes(part), part);
  assert.ok(read.includes(`"'=HYPERLINK`), 'a name that a spreadsheet would run is text');
  assert.ok(read.includes('.._.._etc_evil.example.pdf') && !read.includes('../../etc/evil.example.pdf'));
  assert.ok(first.equals(await zip(sheets)));
});

test('a slow reader slows the printing: no more than a few documents wait in memory', async () => {
  let printed = 0;
  const out = new PassThrough({ highWaterMark: 1 });
  const large = async (): Promise<Buffer> => {
    printed += 1;
    return Buffer.alloc(2_000_000, 'x');
  };
  const many = Array.from({ length: 50 }, (_, index) => sheetOf('Acme', `acme-${index}.example`));
  const zipped = zipSheets(each(many), large, out, goOn);
  // Nobody reads: whatever can be printed without a reader is printed by the time that the machine is idle.
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(printed <= 4, `${printed} printed`);
  out.resume();
  assert.equal(await zipped, 50);
});

test('a ZIP that is given up, or whose output breaks, ends with the reason', async () => {
  const stop = new AbortController();
  async function* endless(): AsyncGenerator<Sheet> {
    for (let index = 0; ; index += 1) {
      if (index === 3) stop.abort(new Error('enough'));
      yield sheetOf('Acme', `acme-${index}.example`);
    }
  }
  await assert.rejects(zipSheets(endless(), print, new PassThrough().resume(), stop.signal), /enough|abort/i);
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) });
  await assert.rejects(zipSheets(each([sheetOf('Acme', 'acme.example')]), print, broken, goOn), /disk full/);
});
