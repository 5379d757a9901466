import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { Refusal } from '../crm.ts';
import type { Client } from './client.ts';
import { queryRows } from './query.ts';

const Pending = z.object({ TargetObjectId: z.string() });

/**
 * Records that wait for an approval, which locks them for everybody but administrators and, if the process is set so, the
 * approver (Salesforce help, "Record Locking"). Empty where the integration user may not see approvals.
 */
export async function listPendingApprovals(
  client: Client,
  options: CallOptions,
): Promise<Map<string, Refusal>> {
  const soql = "SELECT TargetObjectId FROM ProcessInstance WHERE Status = 'Pending'";
  try {
    const rows = await queryRows(client, soql, Pending, options);
    return new Map(
      rows.map(({ TargetObjectId }) => [
        TargetObjectId,
        { code: 'ENTITY_IS_LOCKED', message: 'the record waits for an approval' },
      ]),
    );
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'refused') return new Map();
    throw error;
  }
}
