import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { ChangePage, CrmRecord, SyncCursor } from '../crm.ts';
import type { Answered, Client } from './client.ts';
import { ourFields } from './describe.ts';
import type { Describe } from './describe.ts';
import { provider } from './failures.ts';
import { readInstant, readOurs, readText } from './fields.ts';
import type { SalesforceObject } from './fields.ts';

/**
 * How far before the last row each sync looks again: a transaction that commits late carries an earlier
 * SystemModstamp. Rows seen before may come again; whoever stores them tells by their content.
 */
const LOOKBACK_MS = 5 * 60_000;

const Cursor = z.object({
  /** SystemModstamp up to which everything was read by syncs that ended; null: none has. */
  since: z.string().nullable(),
  /** The server's time when the sync under way began; null: none is. */
  started: z.string().nullable(),
  /** The last row read by it, to go on behind. */
  afterStamp: z.string().nullable(),
  afterId: z
    .string()
    .regex(/^\w{18}$/)
    .nullable(),
});
type Cursor = z.infer<typeof Cursor>;

const NEW: Cursor = { since: null, started: null, afterStamp: null, afterId: null };

type Row = Readonly<Record<string, unknown>> & { Id: string; SystemModstamp: string };
// A guard of our own: a schema for each of some hundred thousand rows costs more than reading them.
const Row = z.custom<Row>(
  (row) =>
    typeof row === 'object' &&
    row !== null &&
    'Id' in row &&
    typeof row.Id === 'string' &&
    /^\w{18}$/.test(row.Id) &&
    'SystemModstamp' in row &&
    typeof row.SystemModstamp === 'string',
  'a row without Id or SystemModstamp',
);
const Page = z.object({
  done: z.boolean(),
  // Only a path of this org is followed: the token goes with it.
  nextRecordsUrl: z
    .string()
    .regex(/^\/services\/data\/v\d+\.0\/query\/[\w-]+$/)
    .optional(),
  records: z.array(Row),
});
type Page = z.infer<typeof Page>;

/** Standard fields read of each object, besides Id, SystemModstamp and IsDeleted. */
export const readFields: Readonly<Record<SalesforceObject, readonly string[]>> = {
  Account: ['Name', 'Website', 'Industry', 'NumberOfEmployees', 'BillingCountry', 'OwnerId', 'MasterRecordId', 'IsPersonAccount'],
  Lead: ['Name', 'Company', 'Website', 'Email', 'Title', 'Industry', 'NumberOfEmployees', 'Country', 'OwnerId', 'MasterRecordId', 'IsConverted', 'ConvertedAccountId'],
  Contact: ['Name', 'Email', 'Title', 'MailingCountry', 'OwnerId', 'MasterRecordId', 'AccountId'],
}; // prettier-ignore

/**
 * Rows changed since the cursor, oldest first, deleted and merged ones included; each page's cursor goes on behind it.
 * Ends with rows of one stamp alone too: the order is by SystemModstamp, then Id.
 */
export async function* readChanges(
  client: Client,
  describe: Describe,
  object: SalesforceObject,
  cursor: SyncCursor | null,
  options: CallOptions & { now: () => Date },
): AsyncGenerator<ChangePage> {
  const parsed = Cursor.safeParse(cursor ?? NEW);
  // A cursor that we cannot read means reading everything: nothing is lost by it.
  let state = parsed.success ? parsed.data : NEW;
  let next: string | null = null;
  let rounds = 0;
  for (;;) {
    options.signal.throwIfAborted();
    let answer: Answered<Page>;
    try {
      answer = await askPage(client, next ?? (await firstUrl(describe, object, state, options)), options);
    } catch (error) {
      const code = error instanceof ProviderError ? error.code : undefined;
      if (code === 'INVALID_FIELD') describe.forget();
      // Locators die after a while or when others are opened; the rows read so far still tell where to go on.
      if (code !== 'INVALID_QUERY_LOCATOR' || next === null || rounds > 0) throw error;
      rounds += 1;
      next = null;
      continue;
    }
    rounds = 0;
    const { done, nextRecordsUrl, records } = answer.value;
    if (!done && (nextRecordsUrl === undefined || records.length === 0))
      throw new ProviderError({
        provider,
        operation: 'query',
        kind: 'malformed',
        message: 'a page that is not the last names no next one',
      });
    const started = state.started ?? serverTime(answer.headers) ?? options.now().toISOString();
    state = advance({ ...state, started }, records);
    if (done) {
      yield { records: records.map((row) => toRecord(object, row)), cursor: finish(state) };
      return;
    }
    yield { records: records.map((row) => toRecord(object, row)), cursor: state };
    next = nextRecordsUrl ?? null;
  }
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
  object: SalesforceObject,
  state: Cursor,
  options: CallOptions,
): Promise<string> {
  const description = await describe.known(object, options);
  const standard = readFields[object].filter((name) => description.fields.has(name));
  const names = ['Id', 'SystemModstamp', 'IsDeleted', ...standard];
  if (standard.includes('AccountId')) names.push('Account.Name');
  names.push(...ourFields(description));
  const where = condition(state);
  const soql = `SELECT ${names.join(', ')} FROM ${object}${where} ORDER BY SystemModstamp, Id`;
  return `/queryAll?q=${encodeURIComponent(soql)}`;
}

function condition({ since, afterStamp, afterId }: Cursor): string {
  if (afterStamp !== null && afterId !== null)
    return ` WHERE (SystemModstamp > ${literal(afterStamp)} OR (SystemModstamp = ${literal(afterStamp)} AND Id > '${afterId}'))`;
  if (since === null) return '';
  return ` WHERE SystemModstamp >= ${literal(since, -LOOKBACK_MS)}`;
}

/** An instant as SOQL writes it, unquoted. */
function literal(instant: string, shiftMs = 0): string {
  return new Date(Date.parse(instant) + shiftMs).toISOString();
}

/**
 * Moves behind the last row of a page. Rows changed while we read carry a stamp after the start and may stand anywhere,
 * so they never move the cursor: the next sync reads them again.
 */
function advance(state: Cursor, records: readonly Row[]): Cursor {
  for (const row of records.toReversed()) {
    const stamp = readInstant(row.SystemModstamp);
    if (stamp !== null && state.started !== null && stamp <= state.started)
      return { ...state, afterStamp: stamp, afterId: row.Id };
  }
  return state;
}

function finish({ since, afterStamp }: Cursor): Cursor {
  const latest = afterStamp !== null && (since === null || afterStamp > since) ? afterStamp : since;
  return { ...NEW, since: latest };
}

/** The org's own clock, whole seconds: ours may go differently. */
function serverTime(headers: Headers | null): string | null {
  const at = Date.parse(headers?.get('date') ?? '');
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

function toRecord(object: SalesforceObject, row: Row): CrmRecord {
  const modifiedAt = readInstant(row.SystemModstamp);
  if (modifiedAt === null)
    throw new ProviderError({
      provider,
      operation: 'query',
      kind: 'malformed',
      message: `${object} ${row.Id} has no readable SystemModstamp`,
    });
  const employees = row.NumberOfEmployees;
  return {
    object,
    externalId: row.Id,
    name: readText(row.Name),
    companyName: readCompanyName(object, row),
    website: readText(row.Website),
    email: readText(row.Email),
    title: readText(row.Title),
    industry: readText(row.Industry),
    employees: typeof employees === 'number' ? employees : null,
    country: readText(row.BillingCountry ?? row.Country ?? row.MailingCountry),
    ownerId: readText(row.OwnerId),
    parentId: object === 'Contact' ? readText(row.AccountId) : null,
    modifiedAt,
    deleted: row.IsDeleted === true,
    mergedInto: readText(row.MasterRecordId),
    convertedTo: row.IsConverted === true ? readText(row.ConvertedAccountId) : null,
    isPerson: row.IsPersonAccount === true,
    ours: object === 'Contact' ? {} : readOurs(row),
  };
}

const Related = z.object({ Name: z.string() });

function readCompanyName(object: SalesforceObject, row: Row): string | null {
  if (object === 'Lead') return readText(row.Company);
  if (object !== 'Contact') return null;
  const account = Related.safeParse(row.Account);
  return account.success ? readText(account.data.Name) : null;
}
