import type { CrmObject } from '../../connectors/crm.ts';
import { moveUndos } from '../store/writes-merged.ts';
import { settleWrites } from '../store/writes-settle.ts';
import type { Settlement } from '../store/writes-settle.ts';
import type { Write } from '../store/writes.ts';
import type { Reading } from './flush-read.ts';
import type { FlushSession } from './flush-session.ts';
import { hintGone } from './hint-gone.ts';
import { judgeMergedUndos } from './merged-undos.ts';

/**
 * Values of an undo whose records were merged meanwhile: where the survivor's field holds what the run wrote, the value goes back there.
 * Those rows are let go, and claimed again as the survivor's; where it holds something else they are settled. All others are left as they are.
 */
export async function followUndos(
  session: FlushSession,
  object: CrmObject,
  { rows, readings }: { rows: readonly Write[]; readings: ReadonlyMap<string, Reading> },
): Promise<void> {
  const held = rows.filter(({ id }) => session.claims.has(id));
  const judged = await judgeMergedUndos(session, object, held, readings);
  if (judged.length === 0) return;
  const following = judged.flatMap(({ row, survivorId, verdict }) =>
    verdict.follows ? [{ id: row.id, attempt: row.attempt, externalId: survivorId }] : [],
  );
  const settlements = judged.flatMap(({ row, present, verdict }): Settlement[] =>
    verdict.follows
      ? []
      : [
          {
            id: row.id,
            attempt: row.attempt,
            state: verdict.state,
            reason: verdict.reason,
            oldValue: present,
          },
        ],
  );
  const { moved, settled } = await session.inTx(async (tx) => {
    const done = {
      moved: await moveUndos(tx, following, settlements),
      settled: await settleWrites(tx, 'planned', settlements),
    };
    await hintGone(tx, session, judged.map(({ row }) => row)); // prettier-ignore
    return done;
  });
  for (const id of [...moved, ...settled]) session.claims.delete(id);
  for (const { id, state } of settlements) if (settled.has(id)) session.count(state, 1);
}
