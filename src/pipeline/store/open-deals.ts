import type { CrmDeal } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/**
 * Keeps the open ones, forgets the others. Answers the accounts that it may matter to.
 * @param at `begunAt`: when the reading that came by them began at the beginning
 */
export async function mergeDeals(
  tx: Tx,
  at: { workspaceId: string; connectionId: string; begunAt: Date },
  deals: readonly CrmDeal[],
): Promise<string[]> {
  const latest = new Map(deals.map((deal) => [deal.externalId, deal]));
  const open = [...latest.values()].flatMap(({ externalId, accountId, open: isOpen }) =>
    isOpen && accountId !== null ? [{ externalId, accountId }] : [],
  );
  // Also those that stay open: they may have moved to another account.
  const { rows } = await tx.query<{ accountId: string }>(
    'delete from open_deals where connection_id = $1 and external_id = any($2) returning account_id as "accountId"',
    [at.connectionId, [...latest.keys()]],
  );
  await tx.query(
    `insert into open_deals (workspace_id, connection_id, external_id, account_id, begun_at)
     select $1, $2, unnest($3::text[]), unnest($4::text[]), $5
     on conflict (workspace_id, connection_id, external_id) do update
     set account_id = excluded.account_id, begun_at = excluded.begun_at`,
    [
      at.workspaceId,
      at.connectionId,
      open.map(({ externalId }) => externalId),
      open.map(({ accountId }) => accountId),
      at.begunAt,
    ],
  );
  return [...new Set([...rows.map((row) => row.accountId), ...open.map(({ accountId }) => accountId)])];
}

/**
 * Forgets the deals of a connection that only readings came by which began before that; all, if not told otherwise. Answers the
 * accounts that they belonged to.
 */
export async function clearDeals(
  tx: Tx,
  connectionId: string,
  begunAt: Date | 'infinity' = 'infinity',
): Promise<string[]> {
  const { rows } = await tx.query<{ accountId: string }>(
    'delete from open_deals where connection_id = $1 and begun_at < $2 returning account_id as "accountId"',
    [connectionId, begunAt],
  );
  return [...new Set(rows.map((row) => row.accountId))];
}
