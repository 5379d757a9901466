import type { CrmKind } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import { WRITE_COLUMNS } from './writes.ts';
import type { Write, WriteState } from './writes.ts';

/** A write with the CRM that it goes to. */
export type WriteLine = Write & { crm: CrmKind };

/** What was written, or is wanted written, for a company; the newest first. */
export async function listCompanyWrites(tx: Tx, companyId: string, limit: number): Promise<WriteLine[]> {
  const { rows } = await tx.query<WriteLine>(
    `select ${WRITE_COLUMNS}, n.kind as crm
     from writes w join connections n on n.id = w.connection_id and n.workspace_id = w.workspace_id
     where w.company_id = $1 order by w.id desc limit $2`,
    [companyId, limit],
  );
  return rows;
}

/** Why writes of a run were refused or left to a person: the same reason once, with how many there are. */
export async function listWriteTroubles(
  tx: Tx,
  runId: string,
  limit = 20,
): Promise<{ state: WriteState; field: string; crm: CrmKind; reason: string | null; writes: number }[]> {
  const { rows } = await tx.query<{
    state: WriteState;
    field: string;
    crm: CrmKind;
    reason: string | null;
    writes: number;
  }>(
    `select w.state, w.field, n.kind as crm, w.reason, count(*) as writes
     from writes w join connections n on n.id = w.connection_id and n.workspace_id = w.workspace_id
     where w.run_id = $1 and w.state in ('conflicted', 'rejected')
     group by 1, 2, 3, 4 order by writes desc, w.state, w.field limit $2`,
    [runId, limit],
  );
  return rows;
}

/** A run's writes by CRM and state. */
export async function countRunWrites(
  tx: Tx,
  runId: string,
): Promise<{ crm: CrmKind; state: WriteState; writes: number }[]> {
  const { rows } = await tx.query<{ crm: CrmKind; state: WriteState; writes: number }>(
    `select n.kind as crm, w.state, count(*) as writes
     from writes w join connections n on n.id = w.connection_id and n.workspace_id = w.workspace_id
     where w.run_id = $1 group by 1, 2 order by 1, 2`,
    [runId],
  );
  return rows;
}
