import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipArchive } from 'archiver';
import { stringify } from 'csv-stringify/sync';
import { guardCell } from '../csv-cell.ts';
import type { Printer } from './pdf/print-sheet.ts';
import type { Sheet } from './sheet.ts';

// Bytes that were printed and not yet read.
const MOST_WAITING = 4_000_000;

const HEADINGS = ['file', 'company', 'domain', 'score', 'band', 'as_of'];

/**
 * Sheets → a ZIP with one PDF each and `index.csv`, written to `out` as they come: one document is in memory at a time, and a slow
 * reader slows the printing. The same sheets give the same bytes. Returns how many there are.
 */
export async function zipSheets(
  sheets: AsyncIterable<Sheet>,
  print: Printer,
  out: Writable,
  signal: AbortSignal,
): Promise<number> {
  // PDFs are compressed already.
  const archive = new ZipArchive({ store: true });
  const written = pipeline(archive, out, { signal });
  let [given, passed] = [0, 0];
  archive.on('data', (chunk: Buffer) => {
    passed += chunk.length;
  });
  // Whatever ends the output ends the waiting, too: nobody would take anything any more.
  const ended = written.then(() => Promise.reject(new Error('the ZIP ended early')));
  ended.catch(() => undefined);
  const add = async (content: Buffer, name: string, date: Date): Promise<void> => {
    const taken = once(archive, 'entry', { signal });
    archive.append(content, { name, date });
    given += content.length;
    await Promise.race([taken, ended]);
    // The library takes entries faster than their reader does.
    while (given - passed > MOST_WAITING) await Promise.race([once(archive, 'data', { signal }), ended]);
  };
  const rows: string[][] = [];
  let youngest = new Date(0);
  try {
    for await (const sheet of sheets) {
      signal.throwIfAborted();
      const file = `${sheet.domain.replaceAll(/[^a-z0-9.-]/g, '_')}.pdf`;
      await add(await print(sheet), file, sheet.made);
      const { value, band, asOf } = sheet.score;
      rows.push([file, sheet.name, sheet.domain, value?.toFixed(1) ?? '', band ?? '', asOf].map(guardCell));
      if (sheet.made > youngest) youngest = sheet.made;
    }
    await add(Buffer.from(stringify([HEADINGS, ...rows])), 'index.csv', youngest);
    await archive.finalize();
  } catch (error) {
    archive.destroy();
    await written.catch(() => undefined);
    throw error;
  }
  await written;
  return rows.length;
}
