import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { writeLine } from '../../../sandbox/salesforce/bulk-csv.ts';
import { readLines } from '../../../src/connectors/salesforce/csv-lines.ts';
import { ProviderError } from '../../../src/errors.ts';

/** The bytes in pieces that end anywhere, in the middle of a character too. */
async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function readAll(bytes: Buffer, sizes: readonly number[]): Promise<string[][]> {
  const lines: string[][] = [];
  for await (const batch of readLines(inPieces(bytes, sizes), 'test')) lines.push(...batch);
  return lines;
}

const cell = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'ä', '株', '😀', ' ', '#N/A') }),
);
const lines = fc
  .integer({ min: 1, max: 6 })
  .chain((columns) =>
    fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 20 }),
  );

test('whatever stands in the cells and wherever the pieces end, the lines are read as they were written', async () => {
  await fc.assert(
    fc.asyncProperty(
      lines,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      async (written, sizes) => {
        const bytes = Buffer.from(written.map((line) => writeLine(line)).join(''));
        assert.deepEqual(await readAll(bytes, sizes), written);
      },
    ),
  );
});

test('a CSV that ends inside a quote, and lines of different lengths, are refused', async () => {
  for (const text of ['"Id","Name"\n"1","An', '"Id","Name"\n"1"\n', '"Id"\n"a"b\n'])
    await assert.rejects(
      readAll(Buffer.from(text), [5]),
      (error) => error instanceof ProviderError && error.kind === 'malformed',
      text,
    );
});

test('a quote that never closes does not fill the memory', async () => {
  const bytes = Buffer.from(`"Id"\n"${'x'.repeat(6_000_000)}`);
  let read = 0;
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of inPieces(bytes, [65_536])) {
      read += piece.length;
      yield piece;
    }
  };
  await assert.rejects(async () => {
    for await (const batch of readLines(pieces(), 'test')) assert.equal(batch.length, 1);
  }, /CSV can't be read/);
  assert.ok(read < 4_500_000, `${read} bytes were taken`);
});
