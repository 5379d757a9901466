import type { Tx } from '../../db.ts';
import { recomputeCompanies } from './company-facts.ts';
import type { Connection } from './connections.ts';
import { takeTurn } from './turns.ts';

type Removed = Pick<Connection, 'workspaceId' | 'id'>;

/**
 * Takes a connection out of use: its credentials, cursors and users go, and what waits to be written never will be. The ledger of
 * its writes stays. Takes its workspace's turn: a sync of it may still be under way. Returns how many fields were not sent.
 */
export async function retireConnection(tx: Tx, { workspaceId, id }: Removed): Promise<number> {
  await takeTurn(tx, workspaceId);
  await tx.query(
    `update connections set status = 'removed', paused_because = null, paused_at = null, checked_at = null, access_checked_at = null, synced_at = null,
       sync_asked_at = null, users_read_at = null
     where id = $1`,
    [id],
  );
  // In the order of their ids, like everyone who locks many of them, and before the hints, as a flusher does: so no two wait for each other.
  await tx.query(
    `select from writes where connection_id = $1 and state in ('planned', 'sending') order by id for update`,
    [id],
  );
  const { rowCount } = await tx.query(
    `update writes set settled_at = now(), leased_until = null,
       state = case state when 'planned' then 'cancelled' else 'rejected' end,
       reason = case state when 'planned' then 'The connection was removed before it was sent'
         else 'The connection was removed while this was on its way: it may have arrived' end
     where connection_id = $1 and state in ('planned', 'sending')`,
    [id],
  );
  await tx.query('delete from credentials where connection_id = $1', [id]);
  await tx.query('delete from sync_cursors where connection_id = $1', [id]);
  await tx.query('delete from gone_records where connection_id = $1', [id]);
  await tx.query('delete from sightings where connection_id = $1', [id]);
  await tx.query('delete from sync_holds where connection_id = $1', [id]);
  await tx.query('delete from open_deals where connection_id = $1', [id]);
  await tx.query('delete from record_hints where connection_id = $1', [id]);
  await tx.query('delete from unreadable_rows where connection_id = $1', [id]);
  await tx.query('delete from change_streams where connection_id = $1', [id]);
  await tx.query('delete from button_keys where connection_id = $1', [id]);
  await tx.query('delete from crm_users where connection_id = $1', [id]);
  // Nobody would ever find it answering again.
  await tx.query(
    `delete from breakers using connections c where c.id = $1 and provider = c.kind || ':' || c.id`,
    [id],
  );
  return rowCount ?? 0;
}

/**
 * Deletes at most `limit` of the rows that were mirrored through a connection; a company that no other record points to is
 * not enriched by itself any more. Takes the workspace's turn, since other connections have rows of the same companies. Returns how many
 * rows went: call it until none does.
 */
export async function deleteMirror(tx: Tx, { workspaceId, id }: Removed, limit = 10_000): Promise<number> {
  await takeTurn(tx, workspaceId);
  const { rows } = await tx.query<{ companyId: string | null }>(
    `delete from records where (connection_id, object, external_id) in (
       select connection_id, object, external_id from records where connection_id = $1 limit $2)
     returning company_id as "companyId"`,
    [id, limit],
  );
  const companies = new Set(rows.flatMap((row) => row.companyId ?? []));
  const { rows: left } = await tx.query<{ domain: string }>(
    'select domain from companies where id = any($1)',
    [[...companies]],
  );
  // What they are called, other connections say now, or nobody.
  await recomputeCompanies(
    tx,
    left.map(({ domain }) => domain),
  );
  return rows.length;
}
