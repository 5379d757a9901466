import { ProviderError } from '../../errors.ts';
import type { ObjectDescription } from './describe.ts';
import { provider } from './failures.ts';
import type { RawRow } from './to-record.ts';

type Kind = 'text' | 'number' | 'boolean';

const NUMBERS = new Set(['int', 'long', 'double', 'currency', 'percent']);

/**
 * Reads a header line and answers how each line below it becomes the row that the REST API would have sent: everything is text in
 * a CSV, and an empty cell is null. A parent's field, `Account.Name`, nests as it does there.
 * @throws ProviderError (malformed) when it is no header of ours
 */
export function openRows(
  header: readonly string[],
  description: ObjectDescription,
): (line: readonly string[]) => RawRow {
  if (!header.includes('Id') || !header.includes('SystemModstamp'))
    throw new ProviderError({
      provider,
      operation: 'bulk results',
      kind: 'malformed',
      message: 'the results have no column Id or SystemModstamp',
    });
  const kinds = header.map((path): Kind => {
    const type = description.fields.get(path)?.type ?? 'string';
    return NUMBERS.has(type) ? 'number' : type === 'boolean' ? 'boolean' : 'text';
  });
  const parents = header.map((path) => (path.includes('.') ? path.split('.', 2) : null));
  return (line) => {
    const row: Record<string, unknown> = {};
    // By index: this runs for every cell of a large org.
    for (let at = 0; at < header.length; at += 1) {
      const value = readCell(line[at] ?? '', kinds[at] ?? 'text');
      const [parent, child = ''] = parents[at] ?? [];
      if (parent === undefined) row[header[at] ?? ''] = value;
      else if (value !== null) row[parent] = { [child]: value };
    }
    return row;
  };
}

function readCell(cell: string, kind: Kind): string | number | boolean | null {
  if (cell === '') return null;
  // Anything else stays what it is, for whoever judges the row.
  if (kind === 'boolean') return cell === 'true' ? true : cell === 'false' ? false : cell;
  if (kind === 'text') return cell;
  const number = Number(cell);
  return Number.isNaN(number) ? null : number;
}
