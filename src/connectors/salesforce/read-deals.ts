import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { CrmDeal, DealPage, SyncCursor } from '../crm.ts';
import type { Client } from './client.ts';
import type { Describe } from './describe.ts';
import { readChanges } from './read-changes.ts';
import type { ReadOptions } from './read-changes.ts';
import type { Reading } from './reading.ts';
import type { Row } from './to-record.ts';

const COLUMNS = ['Id', 'SystemModstamp', 'IsDeleted', 'IsClosed', 'AccountId'];
/** Why open opportunities are read, for whoever is asked to allow it. */
export const DEALS_USE = 'leaving out companies that somebody is selling to right now';

const DEALS: Reading<{ deals: CrmDeal[] }> = {
  object: 'Opportunity',
  columns: () => COLUMNS,
  // Nothing is read where one of them can't be seen.
  unseen: () => [],
  texts: [],
  // From the beginning closed ones are of no use; a cursor without a "since" is one that has not come to its end.
  only: ({ since }) => (since === null ? 'IsClosed = false' : null),
  hold: (rows) => ({ deals: rows.map(toDeal) }),
};

/**
 * Opportunities that changed since the cursor, deleted ones included; from the beginning those alone that are open. They come as records
 * do: by pages, or in bulk where there are many or the pages do not come.
 */
export async function* readDeals(
  client: Client,
  describe: Describe,
  cursor: SyncCursor | null,
  options: ReadOptions,
): AsyncGenerator<DealPage> {
  const lacking = await findLacking(describe, options);
  if (lacking !== null) {
    options.onNotice?.(
      `${lacking} can't be read, so companies with an open deal are not left out: allow it to the integration user, or set exclude.openDeals to false`,
    );
    return;
  }
  yield* readChanges(client, describe, DEALS, cursor, options);
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

function toDeal(row: Row): CrmDeal {
  const accountId = row.AccountId;
  return {
    externalId: row.Id,
    accountId: typeof accountId === 'string' ? accountId : null,
    open: row.IsClosed === false && row.IsDeleted !== true,
  };
}
