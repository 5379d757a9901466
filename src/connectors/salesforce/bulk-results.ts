import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { readBody, waitFor } from '../resilience.ts';
import { openRows } from './bulk-rows.ts';
import type { Client } from './client.ts';
import { readLines } from './csv-lines.ts';
import type { ObjectDescription } from './describe.ts';
import { provider } from './failures.ts';
import type { BulkSettings } from './bulk-settings.ts';
import type { RawRow } from './to-record.ts';

const OPERATION = 'bulk results';

export type ResultRows = {
  rows: RawRow[];
  /** Where to go on when these rows are stored; null: the first set. */
  locator: string | null;
  /** True with the last rows of all. */
  done: boolean;
};

const SetHeaders = z.object({
  // "null" on the last set. Without it there would be no way to tell the last set from any other.
  locator: z.string().regex(/^[\w=+/.~-]+$/),
  /** Rows of the set, to tell one that came short. */
  count: z.coerce.number().int().min(0).nullable(),
});

type ReadOptions = CallOptions & { bulk: BulkSettings; description: ObjectDescription };

/**
 * The rows of a job that is complete, set by set from a locator on (null: from the start), each set as a stream. A set that broke
 * off is read again from its beginning: rows may come twice, and none is left out.
 */
export async function* readResults(
  client: Client,
  job: { id: string; locator: string | null },
  options: ReadOptions,
): AsyncGenerator<ResultRows> {
  const seen = new Set<string>();
  let { locator } = job;
  do {
    if (locator !== null && seen.has(locator))
      throw malformed('the results come back to a set that was read');
    if (locator !== null) seen.add(locator);
    locator = yield* readSetPatiently(client, { id: job.id, locator }, options);
  } while (locator !== null);
}

async function* readSetPatiently(
  client: Client,
  job: { id: string; locator: string | null },
  options: ReadOptions,
): AsyncGenerator<ResultRows, string | null> {
  const { attempts, firstMs } = options.bulk.repeat;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return yield* readSet(client, job, options);
    } catch (error) {
      if (!(error instanceof BrokenSet)) throw error;
      if (attempt >= attempts) throw error.because;
      await waitFor(firstMs * 2 ** (attempt - 1), options.signal);
    }
  }
}

/** One set; answers the next one's locator, null when there is none. */
async function* readSet(
  client: Client,
  { id, locator }: { id: string; locator: string | null },
  options: ReadOptions,
): AsyncGenerator<ResultRows, string | null> {
  const { bulk, description, signal } = options;
  const from = locator === null ? '' : `&locator=${encodeURIComponent(locator)}`;
  const path = `/jobs/query/${id}/results?maxRecords=${bulk.rowsPerSet}${from}`;
  const answer = await client.open(OPERATION, path, options);
  const { next, count, body } = await readHead(answer);
  let toRow: ((line: readonly string[]) => RawRow) | null = null;
  let rows: RawRow[] = [];
  let read = 0;
  const bytes = readBody(body, { provider, operation: OPERATION, idleMs: bulk.idleMs, signal });
  for await (const lines of tellBroken(readLines(bytes, OPERATION), signal)) {
    for (const line of lines) {
      if (toRow === null) {
        toRow = openRows(line, description);
        continue;
      }
      rows.push(toRow(line));
      read += 1;
      if (rows.length < bulk.rowsPerPage) continue;
      yield { rows, locator, done: false };
      rows = [];
    }
  }
  if (count !== null && read !== count)
    throw new BrokenSet(malformed(`a set of ${count} rows came with ${read}`));
  yield { rows, locator: next, done: next === null };
  return next;
}

async function readHead(
  answer: Response,
): Promise<{ next: string | null; count: number | null; body: ReadableStream<Uint8Array> }> {
  const { headers, body } = answer;
  const head = SetHeaders.safeParse({
    locator: headers.get('sforce-locator'),
    count: headers.get('sforce-numberofrecords'),
  });
  const isCsv = headers.get('content-type')?.startsWith('text/csv') === true;
  if (body !== null && isCsv && head.success) {
    const { locator, count } = head.data;
    return { next: locator === 'null' ? null : locator, count, body };
  }
  await body?.cancel();
  if (isCsv)
    throw malformed('the headers of a set of results (Sforce-Locator, Sforce-NumberOfRecords) tell nothing');
  const message = 'the answer is not CSV';
  throw new BrokenSet(
    new ProviderError({ provider, operation: OPERATION, kind: 'unavailable', message, maybeApplied: true }),
  );
}

/** A set that did not come whole: worth another try. */
class BrokenSet extends Error {
  override name = 'BrokenSet';
  readonly because: ProviderError;

  constructor(because: ProviderError) {
    super(because.message, { cause: because });
    this.because = because;
  }
}

/** Tells what broke on the way from what goes wrong with a row and from a stop. */
async function* tellBroken<T>(pieces: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  try {
    yield* pieces;
  } catch (error) {
    if (!signal.aborted && error instanceof ProviderError) throw new BrokenSet(error);
    throw error;
  }
}

function malformed(message: string): ProviderError {
  return new ProviderError({ provider, operation: OPERATION, kind: 'malformed', message });
}
