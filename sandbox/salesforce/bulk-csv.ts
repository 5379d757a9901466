import { parse } from 'csv-parse/sync';
import { Refusal } from './call.ts';

/** One CSV line with every cell quoted, as the platform writes its results. */
export function writeLine(cells: readonly string[]): string {
  return `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`;
}

/** An uploaded CSV: comma, LF or CRLF, a header row. */
export function readCsv(text: string): { header: string[]; rows: string[][] } {
  let lines: string[][];
  try {
    lines = parse(text, { bom: true, relax_column_count: false });
  } catch (error) {
    throw new Refusal(400, 'INVALIDBATCH', `InvalidBatch: ${error instanceof Error ? error.message : ''}`);
  }
  const [header, ...rows] = lines;
  if (header === undefined) throw new Refusal(400, 'INVALIDBATCH', 'InvalidBatch: the CSV is empty');
  return { header, rows };
}
