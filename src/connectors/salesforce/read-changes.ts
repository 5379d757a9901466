import { z } from 'zod';
import { ProviderError, describeError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { SyncCursor } from '../crm.ts';
import { readInBulk } from './bulk-changes.ts';
import type { BulkSettings } from './bulk-settings.ts';
import { advance, conditionInOrder, finish, lookAgain, noteLatest, readCursor } from './changes-cursor.ts';
import type { ChangesCursor } from './changes-cursor.ts';
import type { Answered, Client } from './client.ts';
import type { Describe } from './describe.ts';
import { provider } from './failures.ts';
import { judgeRows } from './judge-rows.ts';
import { writeQuery } from './reading.ts';
import type { PageOf, Reading } from './reading.ts';
import { versionOf } from './to-record.ts';
import type { Row } from './to-record.ts';

const Page = z.object({
  done: z.boolean(),
  /** Rows of the whole query. */
  totalSize: z.number(),
  // Only a path of this org is followed: the token goes with it.
  nextRecordsUrl: z
    .string()
    .regex(/^\/services\/data\/v\d+\.0\/query\/[\w-]+$/)
    .optional(),
  records: z.array(z.unknown()),
});
type Page = z.infer<typeof Page>;

export type ReadOptions = CallOptions & { now: () => Date; bulk: BulkSettings };

/**
 * Rows changed since the cursor, deleted and merged ones included; each page's cursor goes on behind it. Pages of the REST API come
 * first, oldest row first; where the first one says that there is much more, or does not come because there is so much to be put in
 * order, a bulk query reads the rest, in no order.
 */
export async function* readChanges<Held>(
  client: Client,
  describe: Describe,
  reading: Reading<Held>,
  cursor: SyncCursor | null,
  options: ReadOptions,
): AsyncGenerator<PageOf<Held>> {
  let state = readCursor(cursor);
  let mayUseBulk = true;
  let seen: ReadonlySet<string> = new Set();
  for (;;) {
    if (state.job === null) {
      const { object } = reading;
      const again = lookAgain(state, reading.unseen(await describe.known(object, options)));
      ({ state } = again);
      if (again.shown.length > 0)
        options.onNotice?.(
          `${again.shown.map((name) => `${object}.${name}`).join(', ')} can be seen by now: every ${object} is read again`,
        );
      const much = yield* readPages(client, describe, reading, state, { ...options, mayUseBulk });
      if (much === null) return;
      ({ state, seen } = much);
    }
    const left = yield* readInBulk(client, describe, reading, state, { ...options, seen });
    if (left === null) return;
    ({ state, mayUseBulk } = left);
  }
}

/** Pages of the REST API; answers null when all is read, or where to go on, and what was seen, when there are too many of them. */
async function* readPages<Held>(
  client: Client,
  describe: Describe,
  reading: Reading<Held>,
  from: ChangesCursor,
  options: ReadOptions & { mayUseBulk: boolean },
): AsyncGenerator<PageOf<Held>, { state: ChangesCursor; seen: ReadonlySet<string> } | null> {
  let state = from;
  let next: string | null = null;
  let rounds = 0;
  for (;;) {
    options.signal.throwIfAborted();
    let answer: Answered<Page>;
    try {
      answer = await askPage(client, next ?? (await firstUrl(describe, reading, state, options)), options);
    } catch (error) {
      const code = error instanceof ProviderError ? error.code : undefined;
      if (code === 'INVALID_FIELD') describe.forget();
      if (next === null && options.mayUseBulk && isTooLong(error) && Number.isFinite(options.bulk.above)) {
        // Asks for next to nothing: an org that does not answer this either is down.
        const started = state.started ?? (await askClock(client, reading.object, options));
        options.onNotice?.(
          `Salesforce does not put ${reading.object} in order in time, so that it is read in bulk: ${describeError(error)}`,
        );
        return { state: { ...state, started }, seen: new Set() };
      }
      // Locators die after a while or when others are opened; the rows read so far still tell where to go on.
      if (code !== 'INVALID_QUERY_LOCATOR' || next === null || rounds > 0) throw error;
      rounds += 1;
      next = null;
      continue;
    }
    rounds = 0;
    const { done, nextRecordsUrl, records, totalSize } = answer.value;
    if (!done && (nextRecordsUrl === undefined || records.length === 0))
      throw new ProviderError({
        provider,
        operation: 'query',
        kind: 'malformed',
        message: 'a page that is not the last names no next one',
      });
    const started = state.started ?? serverTime(answer.headers) ?? options.now().toISOString();
    const isFirst = next === null;
    const judged = judgeRows(reading.object, reading.texts, records);
    state = noteLatest(advance({ ...state, started }, judged.rows), judged.stamps);
    yield {
      ...reading.hold(judged.rows),
      unreadable: judged.unreadable,
      cursor: done ? finish(state) : state,
      continues: !isFirst,
    };
    if (done) return null;
    if (isFirst && options.mayUseBulk && totalSize > options.bulk.above)
      return { state, seen: versionsBefore(started, judged.rows) };
    next = nextRecordsUrl ?? null;
  }
}

/** Did the query take longer than Salesforce allows, or than we wait? A connection that broke may have been cut for the same reason. */
function isTooLong(error: unknown): boolean {
  if (!(error instanceof ProviderError)) return false;
  const { code, kind, status, maybeApplied } = error;
  if (code === 'QUERY_TIMEOUT' || code === 'REQUEST_RUNNING_TOO_LONG') return true;
  return kind === 'unavailable' && status === undefined && maybeApplied;
}

async function askClock(
  client: Client,
  object: string,
  options: CallOptions & { now: () => Date },
): Promise<string> {
  const soql = encodeURIComponent(`SELECT Id FROM ${object} LIMIT 1`);
  const { headers } = await askPage(client, `/query?q=${soql}`, options);
  return serverTime(headers) ?? options.now().toISOString();
}

// Stamps are whole seconds: a row that was saved a moment ago may be saved again under the same one.
const SETTLED_MS = 60_000;

/** The versions of these rows that were saved well before that moment, so that any later one has another stamp. */
function versionsBefore(moment: string, rows: readonly Row[]): ReadonlySet<string> {
  const until = Date.parse(moment) - SETTLED_MS;
  return new Set(rows.flatMap((row) => (Date.parse(row.SystemModstamp) < until ? versionOf(row) : [])));
}

function askPage(client: Client, url: string, options: CallOptions): Promise<Answered<Page>> {
  const operation = url.includes('?') ? 'query' : 'query more';
  return client.call(operation, ({ connection }) => connection.request({ method: 'GET', url }), Page, {
    ...options,
    repeatable: true,
  });
}

async function firstUrl(
  describe: Describe,
  reading: Reading<unknown>,
  state: ChangesCursor,
  options: CallOptions,
): Promise<string> {
  const description = await describe.known(reading.object, options);
  const soql = writeQuery(reading, description, state, conditionInOrder(state));
  return `/queryAll?q=${encodeURIComponent(`${soql} ORDER BY SystemModstamp, Id`)}`;
}

/** The org's own clock, whole seconds: ours may go differently. */
function serverTime(headers: Headers | null): string | null {
  const at = Date.parse(headers?.get('date') ?? '');
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
