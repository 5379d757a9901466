import Papa from 'papaparse';
import { ProviderError } from '../../errors.ts';
import { provider } from './failures.ts';

// A record holds at most 400,000 characters in bulk ("Bulk API 2.0 limits"); a quote that never closes must not fill the memory.
const LONGEST_LINE = 4_000_000;

/**
 * Lines of a CSV as its bytes come, in batches of what each piece held: memory stays flat whatever its length.
 * @throws ProviderError (malformed) when it is no CSV
 */
export async function* readLines(
  bytes: AsyncIterable<Uint8Array>,
  operation: string,
): AsyncGenerator<string[][]> {
  const parse = openParser(operation);
  const decoder = new TextDecoder();
  let rest = '';
  // Where in `rest` nobody looked yet, and whether that place is within quotes.
  let looked = 0;
  let quoted = false;
  for await (const piece of bytes) {
    rest += decoder.decode(piece, { stream: true });
    const { end, inQuotes } = findLastEnd(rest, looked, quoted);
    quoted = inQuotes;
    looked = rest.length;
    if (end > 0) {
      const lines = parse(rest.slice(0, end));
      rest = rest.slice(end);
      looked = rest.length;
      yield lines;
    } else if (rest.length > LONGEST_LINE) throw malformed(operation, 'a line does not end');
  }
  rest += decoder.decode();
  if (rest !== '') yield parse(rest);
}

/** Behind the last line end that is outside quotes, 0 where there is none; and whether the text ends within quotes. */
function findLastEnd(text: string, from: number, quoted: boolean): { end: number; inQuotes: boolean } {
  let end = 0;
  let inQuotes = quoted;
  let at = from;
  for (;;) {
    const quote = text.indexOf('"', at);
    const stop = quote === -1 ? text.length : quote;
    if (!inQuotes && stop > at) {
      const line = text.lastIndexOf('\n', stop - 1);
      if (line >= at) end = line + 1;
    }
    if (quote === -1) return { end, inQuotes };
    inQuotes = !inQuotes;
    at = quote + 1;
  }
}

function openParser(operation: string): (text: string) => string[][] {
  let newline: '\n' | '\r\n' | null = null;
  let columns: number | null = null;
  return (text) => {
    newline ??= text.endsWith('\r\n') ? '\r\n' : '\n';
    const whole = text.endsWith(newline) ? text.slice(0, -newline.length) : text;
    const { data, errors } = Papa.parse<string[]>(whole, { delimiter: ',', newline });
    const [error] = errors;
    if (error !== undefined) throw malformed(operation, error.message);
    columns ??= data[0]?.length ?? null;
    const other = data.find((line) => line.length !== columns);
    if (other !== undefined)
      throw malformed(operation, `a line has ${other.length} cells, the first has ${columns}`);
    return data;
  };
}

function malformed(operation: string, message: string): ProviderError {
  return new ProviderError({
    provider,
    operation,
    kind: 'malformed',
    message: `the CSV can't be read: ${message}`,
  });
}
