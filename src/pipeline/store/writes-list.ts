import type { Tx } from '../../db.ts';
import { WRITE_COLUMNS } from './writes.ts';
import type { FieldAddress, Write, WriteState } from './writes.ts';
import type { RecordAddress } from './writes-ledger.ts';

type Page = { state?: WriteState; limit?: number; afterId?: number };

async function list(tx: Tx, where: string, values: unknown[], page: Page): Promise<Write[]> {
  const { rows } = await tx.query<Write>(
    `select ${WRITE_COLUMNS} from writes w
     where ${where} and ($${values.length + 1}::text is null or w.state = $${values.length + 1})
       and w.id > $${values.length + 2} order by w.id limit $${values.length + 3}`,
    [...values, page.state ?? null, page.afterId ?? 0, page.limit ?? 1000],
  );
  return rows;
}

/** Writes of a run, oldest first; the next page begins after the last id. */
export const listRunWrites = (tx: Tx, runId: string, page: Page = {}): Promise<Write[]> =>
  list(tx, 'w.run_id = $1', [runId], page);

/** Everything that was ever planned for a record, oldest first. */
export const listRecordWrites = (tx: Tx, record: RecordAddress, page: Page = {}): Promise<Write[]> =>
  list(
    tx,
    'w.connection_id = $1 and w.object = $2 and w.external_id = $3',
    [record.connectionId, record.object, record.externalId],
    page,
  );

/** The history of one field, oldest first. */
export const listFieldWrites = (tx: Tx, field: FieldAddress, page: Page = {}): Promise<Write[]> =>
  list(
    tx,
    'w.connection_id = $1 and w.object = $2 and w.external_id = $3 and w.field = $4',
    [field.connectionId, field.object, field.externalId, field.field],
    page,
  );

/** Writes to all records of a company, oldest first. */
export const listCompanyWrites = (tx: Tx, companyId: string, page: Page = {}): Promise<Write[]> =>
  list(tx, 'w.company_id = $1', [companyId], page);

/** How many writes of a run are in each state. */
export async function countRunWrites(tx: Tx, runId: string): Promise<Partial<Record<WriteState, number>>> {
  const { rows } = await tx.query<{ state: WriteState; count: number }>(
    'select state, count(*) as count from writes where run_id = $1 group by state',
    [runId],
  );
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

/** Does a person's value stand against ours anywhere in this connection? */
export async function hasConflicts(tx: Tx, connectionId: string): Promise<boolean> {
  const { rows } = await tx.query<{ some: boolean }>(
    `select exists (select from writes where connection_id = $1 and state = 'conflicted') as some`,
    [connectionId],
  );
  return rows[0]?.some ?? false;
}
