import type { Crm, CrmObject } from '../../connectors/crm.ts';
import { movePutBacks } from '../store/writes-move.ts';
import type { Write } from '../store/writes.ts';
import type { Reading } from './flush-read.ts';
import type { FlushSession } from './flush-session.ts';
import { hintGone } from './hint-gone.ts';
import { findSurvivors, readVersions } from './lost-races.ts';
import { sameValue } from './same-value.ts';

/**
 * Persons' values that are to go back into records which were merged meanwhile: where the survivor's history has the value that our
 * write fell on, it goes back there. The rows are let go, and claimed again as the survivor's; all others are left as they are.
 */
export async function followPutBacks(
  session: FlushSession,
  history: NonNullable<Crm['history']>,
  object: CrmObject,
  { rows, readings }: { rows: readonly Write[]; readings: ReadonlyMap<string, Reading> },
): Promise<void> {
  const gone = rows.filter(({ runId, externalId }) => {
    const reading = readings.get(externalId);
    return runId === null && reading !== undefined && 'current' in reading && reading.current.values === null;
  });
  if (gone.length === 0) return;
  const survivors = await findSurvivors(session, history, object, gone);
  const moved = gone.flatMap((row) => {
    const survivor = survivors.get(row.externalId);
    return survivor === undefined ? [] : [{ ...row, externalId: survivor.survivorId }];
  });
  if (moved.length === 0) return;
  const { versions } = await readVersions(session, history, object, moved, 'read');
  const following = moved.filter(({ externalId, field, newValue }) =>
    versions.get(externalId)?.[field]?.some(({ value }) => sameValue(field, value, newValue)),
  );
  const ids = await session.inTx(async (tx) => {
    const put = await movePutBacks(tx, following);
    await hintGone(tx, session, gone);
    return put;
  });
  for (const id of ids) session.claims.delete(id);
}
