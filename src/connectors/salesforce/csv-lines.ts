import { CsvError, parse } from 'csv-parse';
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
  let lines: string[][] = [];
  const parser = parse({
    bom: true,
    max_record_size: LONGEST_LINE,
    // Handing lines over one by one costs more than parsing them.
    on_record: (line: string[]) => {
      lines.push(line);
      return null;
    },
  });
  // What goes wrong is told by the piece that was written.
  parser.on('error', () => undefined);
  const take = (): string[][] => {
    const taken = lines;
    lines = [];
    return taken;
  };
  try {
    for await (const piece of bytes) {
      await settled((done) => parser.write(piece, done));
      if (lines.length > 0) yield take();
    }
    await settled((done) => parser.end(done));
    if (lines.length > 0) yield take();
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new ProviderError({
      provider,
      operation,
      kind: 'malformed',
      message: `the CSV can't be read: ${error.message}`,
      cause: error,
    });
  } finally {
    parser.destroy();
  }
}

function settled(act: (done: (error?: Error | null) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    act((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}
