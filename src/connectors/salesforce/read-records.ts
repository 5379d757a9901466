import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { FoundRecords } from '../crm.ts';
import type { ObjectPlan } from '../crm-reading.ts';
import type { Client } from './client.ts';
import { selectColumns } from './columns.ts';
import type { Describe } from './describe.ts';
import type { SalesforceObject } from './fields.ts';
import { quote } from './query.ts';
import { judgePlanned } from './judge-rows.ts';

/** A query by GET stands in its address, of which Salesforce takes 16,384 bytes: 200 ids take 5,400 of them, quoted and encoded. */
export const READ_RECORDS_BATCH = 200;

const Page = z.object({
  done: z.literal(true, 'a query by ids has one page'),
  records: z.array(z.unknown()),
});

/**
 * Records by their ids, as a sync reads them, deleted and merged ones included; one call. A collections retrieve would take more ids
 * in one, but says nothing of what is deleted.
 */
export async function readRecords(
  client: Client,
  describe: Describe,
  plan: ObjectPlan<SalesforceObject>,
  externalIds: readonly string[],
  options: CallOptions,
): Promise<FoundRecords> {
  if (externalIds.length === 0) return { records: [], unreadable: [] };
  if (externalIds.length > READ_RECORDS_BATCH)
    throw new Error(`readRecords takes ${READ_RECORDS_BATCH} ids at most, got ${externalIds.length}`);
  const columns = selectColumns(plan, await describe.known(plan.object, options));
  const ids = [...new Set(externalIds)].map(quote).join(',');
  const soql = `SELECT ${columns.join(', ')} FROM ${plan.object} WHERE Id IN (${ids})`;
  const url = `/queryAll?q=${encodeURIComponent(soql)}`;
  try {
    const { value } = await client.call(
      'query',
      ({ connection }) => connection.request({ method: 'GET', url }),
      Page,
      { ...options, repeatable: true },
    );
    return judgePlanned(plan, value.records);
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'INVALID_FIELD') describe.forget();
    throw error;
  }
}
