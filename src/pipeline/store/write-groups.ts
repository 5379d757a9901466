import type { Tx } from '../../db.ts';

// The most that either platform takes in one call (Salesforce: five collections of 200): a larger limit limits nothing.
const MOST_RECORDS = 1_000;

/**
 * A call of `sent` records took too long: the connection's next ones carry half as many, at least one. Two flushers that find it
 * at once halve it once. Returns the new limit.
 */
export async function shrinkGroup(tx: Tx, connectionId: string, sent: number): Promise<number> {
  const half = Math.max(1, Math.floor(sent / 2));
  const { rows } = await tx.query<{ group: number }>(
    `update connections set write_group = least(write_group, $2) where id = $1 returning write_group as "group"`,
    [connectionId, half],
  );
  return rows[0]?.group ?? half;
}

/** A call of as many records as the limit lets through was quick: the next may carry twice as many. Returns the new limit; null: none. */
export async function growGroup(tx: Tx, connectionId: string, limit: number): Promise<number | null> {
  const twice = limit * 2 > MOST_RECORDS ? null : limit * 2;
  const { rows } = await tx.query<{ group: number | null }>(
    `update connections set write_group = case when write_group = $2 then $3 else write_group end where id = $1
     returning write_group as "group"`,
    [connectionId, limit, twice],
  );
  return rows[0]?.group ?? null;
}
