import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import { listUnread, saveReadBack } from '../store/writes-read-back.ts';
import { readRecords } from './flush-read.ts';
import type { FlushSession, Landed } from './flush-session.ts';
import { findLostRaces } from './lost-races.ts';
import { couldHaveBecome } from './same-value.ts';

const ROWS_AT_ONCE = 5_000;

/** Reads back what an earlier process could not any more, each row once: what the CRM will not tell now waits for the next flush. */
export async function readBackLeftovers(session: FlushSession): Promise<void> {
  let behind = 0;
  for (;;) {
    const rows = await session.inTx((tx) =>
      listUnread(tx, session.connectionId, {
        behind,
        limit: ROWS_AT_ONCE,
        olderThanMs: session.leaseMs,
      }),
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    behind = last.id;
    await readBack(
      session,
      rows.map((row) => ({ ...row, value: row.newValue, before: row.oldValue })),
      { atOnce: false },
    );
  }
}

/** Reads back what landed in this flush, in the largest batches: everything, or only the full ones. */
export async function readBackLanded(session: FlushSession, which: 'all' | 'full-batches'): Promise<void> {
  for (const object of new Set(session.landed.map((row) => row.object))) {
    const ids = [
      ...new Set(session.landed.flatMap((row) => (row.object === object ? [row.externalId] : []))),
    ];
    const size = session.crm.readBatch;
    const taken = new Set(which === 'all' ? ids : ids.slice(0, ids.length - (ids.length % size)));
    if (taken.size === 0) continue;
    const rows = session.landed.filter((row) => row.object === object && taken.has(row.externalId));
    session.landed = session.landed.filter((row) => row.object !== object || !taken.has(row.externalId));
    await readBack(session, rows, { atOnce: true });
  }
}

const EDITED_AT_ONCE =
  'Right after our write the CRM held another value; it is taken for a person’s edit and stays';

async function readBack(
  session: FlushSession,
  rows: readonly Landed[],
  options: { atOnce: boolean },
): Promise<void> {
  for (const object of new Set(rows.map((row) => row.object))) {
    const ofObject = rows.filter((row) => row.object === object);
    const { standing, lost } = session.crm.history
      ? await findLostRaces(session, session.crm.history, object, ofObject)
      : { standing: await readStanding(session, object, ofObject), lost: [] };
    const found = standing.map(({ row, present }) => {
      // Where nobody else may edit, any other value is the CRM's own doing, however late we look.
      const normalised =
        couldHaveBecome(row.field, row.value, present) || !session.peopleMayEdit(object, row.field);
      return normalised
        ? { id: row.id, value: present, reason: null }
        : { id: row.id, value: row.value, reason: EDITED_AT_ONCE };
    });
    const conceded = await session.inTx((tx) => saveReadBack(tx, { found, lost }));
    session.counts.applied -= options.atOnce ? conceded : 0;
    session.count('conflicted', conceded);
  }
}

async function readStanding(
  session: FlushSession,
  object: CrmObject,
  rows: readonly Landed[],
): Promise<{ row: Landed; present: FieldValue }[]> {
  const ids = [...new Set(rows.map((row) => row.externalId))];
  const readings = await readRecords(session, object, ids, 'readBack');
  return rows.flatMap((row) => {
    const reading = readings.get(row.externalId);
    if (reading === undefined || 'refused' in reading) return [];
    const { values } = reading.current;
    return { row, present: values === null ? row.value : (values[row.field] ?? null) };
  });
}
