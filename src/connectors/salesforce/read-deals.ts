import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { CrmDeal, DealPage, SyncCursor } from '../crm.ts';
import { advance, conditionInOrder, finish, noteLatest, readCursor } from './changes-cursor.ts';
import type { ChangesCursor } from './changes-cursor.ts';
import type { Client } from './client.ts';
import type { Describe } from './describe.ts';
import { provider } from './failures.ts';
import { judgeRows } from './judge-rows.ts';
import type { Row } from './to-record.ts';

const Page = z.object({
  done: z.boolean(),
  nextRecordsUrl: z
    .string()
    .regex(/^\/services\/data\/v\d+\.0\/query\/[\w-]+$/)
    .optional(),
  records: z.array(z.unknown()),
});

const COLUMNS = ['Id', 'SystemModstamp', 'IsDeleted', 'IsClosed', 'AccountId'];
/** Why open opportunities are read, for whoever is asked to allow it. */
export const DEALS_USE = 'leaving out companies that somebody is selling to right now';

/**
 * Opportunities that changed since the cursor, deleted ones included; from the beginning those alone that are open. Always through
 * pages of the REST API: an org has far fewer open deals than accounts.
 */
export async function* readDeals(
  client: Client,
  describe: Describe,
  cursor: SyncCursor | null,
  options: CallOptions & { now: () => Date },
): AsyncGenerator<DealPage> {
  const lacking = await findLacking(describe, options);
  if (lacking !== null) {
    options.onNotice?.(
      `${lacking} can't be read, so companies with an open deal are not left out: allow it to the integration user, or set exclude.openDeals to false`,
    );
    return;
  }
  let state = readCursor(cursor);
  let url: string | null = firstUrl(state);
  while (url !== null) {
    options.signal.throwIfAborted();
    const path: string = url;
    const { value } = await client.call(
      'query',
      ({ connection }) => connection.request({ method: 'GET', url: path }),
      Page,
      { ...options, repeatable: true },
    );
    // By our own clock where there is none yet: it only keeps rows that change meanwhile from moving the cursor.
    const started = state.started ?? options.now().toISOString();
    if (!value.done && (value.nextRecordsUrl === undefined || value.records.length === 0))
      throw new ProviderError({
        provider,
        operation: 'query',
        kind: 'malformed',
        message: 'a page of deals that is not the last names no next one',
      });
    const { rows, stamps, unreadable } = judgeRows('Opportunity', [], value.records);
    state = noteLatest(advance({ ...state, started }, rows), stamps);
    url = value.done ? null : (value.nextRecordsUrl ?? null);
    yield { deals: rows.map(toDeal), unreadable, cursor: url === null ? finish(state) : state };
  }
}

/** What of it the integration user may not see; null: it may see all. */
export async function findLacking(describe: Describe, options: CallOptions): Promise<string | null> {
  try {
    const { fields } = await describe.known('Opportunity', options);
    const hidden = COLUMNS.find((name) => !fields.has(name));
    return hidden === undefined ? null : `Opportunity.${hidden}`;
  } catch (error) {
    if (error instanceof ProviderError && (error.kind === 'not-found' || error.code === 'INVALID_TYPE'))
      return 'Opportunity';
    throw error;
  }
}

function firstUrl(state: ChangesCursor): string {
  const condition = conditionInOrder(state);
  // From the beginning closed ones are of no use; a cursor without a "since" is one that has not come to its end.
  const open = state.since === null ? `${condition === '' ? ' WHERE' : ' AND'} IsClosed = false` : '';
  const soql = `SELECT ${COLUMNS.join(', ')} FROM Opportunity${condition}${open} ORDER BY SystemModstamp, Id`;
  return `/queryAll?q=${encodeURIComponent(soql)}`;
}

function toDeal(row: Row): CrmDeal {
  const accountId = row.AccountId;
  return {
    externalId: row.Id,
    accountId: typeof accountId === 'string' ? accountId : null,
    open: row.IsClosed === false && row.IsDeleted !== true,
  };
}
