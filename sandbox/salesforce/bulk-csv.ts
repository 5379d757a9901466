import { parse } from 'csv-parse/sync';
import { Refusal } from './call.ts';
import type { SalesforceValue } from './options.ts';
import type { Field } from './schema.ts';

/** The delimiters that Bulk API 2.0 knows, by its names for them. */
export const DELIMITERS = {
  BACKQUOTE: '`',
  CARET: '^',
  COMMA: ',',
  PIPE: '|',
  SEMICOLON: ';',
  TAB: '\t',
} as const;

/** One CSV line with every cell quoted, as the platform writes its results. */
export function writeLine(
  cells: readonly string[],
  delimiter: string = DELIMITERS.COMMA,
  end = '\n',
): string {
  return cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter) + end;
}

/** A value as a bulk query writes it: nothing for null, instants with Z, doubles with a decimal. */
export function showCell(field: Field, value: SalesforceValue): string {
  if (value === null) return '';
  if (field.type === 'double' && Number.isInteger(value)) return `${String(value)}.0`;
  return String(value);
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
