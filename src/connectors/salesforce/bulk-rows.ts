import { ProviderError } from '../../errors.ts';
import type { ObjectDescription } from './describe.ts';
import { provider } from './failures.ts';
import { isRow } from './to-record.ts';
import type { Row } from './to-record.ts';

type Kind = 'text' | 'number' | 'boolean';

/** A column of a bulk query's CSV: a field, or a parent's field such as `Account.Name`. */
type Column = { parent: string | null; name: string; kind: Kind };

const NUMBERS = new Set(['int', 'long', 'double', 'currency', 'percent']);

/**
 * Reads a header line and answers how each line below it becomes the row that the REST API would have sent: everything is text in
 * a CSV, and an empty cell is null.
 */
export function openRows(
  header: readonly string[],
  description: ObjectDescription,
): (line: readonly string[]) => Row {
  const columns = header.map((path): Column => {
    const dot = path.indexOf('.');
    const type = description.fields.get(path)?.type ?? 'string';
    const kind = NUMBERS.has(type) ? 'number' : type === 'boolean' ? 'boolean' : 'text';
    return dot === -1
      ? { parent: null, name: path, kind }
      : { parent: path.slice(0, dot), name: path.slice(dot + 1), kind };
  });
  return (line) => {
    const row: Record<string, unknown> = {};
    for (const [index, { parent, name, kind }] of columns.entries()) {
      const value = readCell(line[index] ?? '', kind);
      if (parent === null) row[name] = value;
      else if (value !== null) row[parent] = { [name]: value };
    }
    if (isRow(row)) return row;
    throw new ProviderError({
      provider,
      operation: 'bulk results',
      kind: 'malformed',
      message: 'a row without Id or SystemModstamp',
    });
  };
}

function readCell(cell: string, kind: Kind): string | number | boolean | null {
  if (cell === '') return null;
  if (kind === 'boolean') return cell === 'true';
  if (kind === 'text') return cell;
  const number = Number(cell);
  return Number.isNaN(number) ? null : number;
}
