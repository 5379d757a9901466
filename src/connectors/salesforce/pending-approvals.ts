import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { Refusal } from '../crm.ts';
import type { Client } from './client.ts';
import { queryRows, quote } from './query.ts';

const Pending = z.object({ TargetObjectId: z.string() });
const PENDING = "SELECT TargetObjectId FROM ProcessInstance WHERE Status = 'Pending'";

// A page of a query holds as many (REST API guide, "Query"); an org with more may have any number.
const MOST_AT_ONCE = 2000;
// They stand in the query's address, as in read-records.ts.
const IDS_AT_ONCE = 200;

const LOCK: Refusal = { code: 'ENTITY_IS_LOCKED', message: 'the record waits for an approval' };

/**
 * Tells which records wait for an approval, which locks them for everybody but administrators and, if the process is set so, the
 * approver (Salesforce help, "Record Locking"). None where the integration user may not see approvals. One query where there are
 * up to 2,000 in all; more are asked for by the records' ids.
 */
export async function openPendingApprovals(
  client: Client,
  options: CallOptions,
): Promise<(externalIds: readonly string[]) => Promise<Map<string, Refusal>>> {
  const read = async (condition: string): Promise<string[]> => {
    const rows = await queryRows(client, `${PENDING}${condition}`, Pending, options);
    return rows.map((row) => row.TargetObjectId);
  };
  let all: ReadonlySet<string>;
  try {
    all = new Set(await read(` LIMIT ${MOST_AT_ONCE + 1}`));
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind !== 'refused') throw error;
    all = new Set();
  }
  const readFor = async (ids: readonly string[]): Promise<Set<string>> => {
    const found = new Set<string>();
    for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
      const list = ids
        .slice(at, at + IDS_AT_ONCE)
        .map(quote)
        .join(', ');
      for (const id of await read(` AND TargetObjectId IN (${list})`)) found.add(id);
    }
    return found;
  };
  return async (externalIds) => {
    const locked = all.size > MOST_AT_ONCE ? await readFor(externalIds) : all;
    return new Map(externalIds.flatMap((id) => (locked.has(id) ? [[id, LOCK] as const] : [])));
  };
}
