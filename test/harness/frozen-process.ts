import type { Database } from '../../src/db.ts';
import { until } from '../e2e/faults/observe.ts';
import type { Desk } from './write-back.ts';

/** Which values are on their way: of any field, or of one. */
type OnTheirWay = { field?: string };

async function countSending(desk: Desk, { field }: OnTheirWay, leased: boolean): Promise<number> {
  return desk.db.inWorkspace(desk.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ n: number }>(
      `select count(*) as n from writes where state = 'sending' and ($1::text is null or field = $1)
       and (not $2 or leased_until > now())`,
      [field ?? null, leased],
    );
    return rows[0]?.n ?? 0;
  });
}

/**
 * The database of a process that stands still, once, right behind the commit which says that values are on their way, until their lease
 * is over; `whileFrozen` is what happens then.
 */
export function freezeDeparture(
  desk: Desk,
  whileFrozen: () => Promise<void>,
  which: OnTheirWay = {},
): Database {
  let frozen = false;
  return {
    ...desk.db,
    inWorkspace: async (workspaceId, act) => {
      const result = await desk.db.inWorkspace(workspaceId, act);
      if (!frozen && (await countSending(desk, which, false)) > 0) {
        frozen = true;
        await until('their lease is over', async () => (await countSending(desk, which, true)) === 0);
        await whileFrozen();
      }
      return result;
    },
  };
}
