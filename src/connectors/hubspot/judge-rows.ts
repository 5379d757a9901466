import { isRecordTime, showId, showValue } from '../unreadable.ts';
import type { UnreadableRow } from '../unreadable.ts';
import type { HubspotObject } from './fields.ts';
import { isId, mergedIds, readModified, storedModified } from './records.ts';
import { ApiRecord } from './shapes.ts';

export type JudgedRows = {
  /** Those that can be taken, in the order in which they came. */
  readable: ApiRecord[];
  unreadable: UnreadableRow[];
  /** Ids that can be read, also of rows that can't be taken, so that a search goes on behind them. */
  ids: string[];
};

/** Rows as they came → those that can be taken, and what is wrong with the others. */
export function judgeRows(object: HubspotObject, rows: readonly unknown[]): JudgedRows {
  const readable: ApiRecord[] = [];
  const unreadable: UnreadableRow[] = [];
  const ids: string[] = [];
  for (const row of rows) {
    const id: unknown = typeof row === 'object' && row !== null && 'id' in row ? row.id : undefined;
    const ownId = typeof id === 'string' && isId(id) ? id : null;
    if (ownId !== null) ids.push(ownId);
    const parsed = ApiRecord.safeParse(row);
    const problem = parsed.success ? findProblem(object, parsed.data) : describeShape(row, id, parsed.error);
    if (parsed.success && problem === null) {
      readable.push(parsed.data);
      for (const merged of mergedIds(parsed.data))
        if (!isId(merged))
          unreadable.push({
            object,
            shownId: showValue(merged),
            problem: `it was merged into ${parsed.data.id}, which names it by something that is no id`,
          });
    } else {
      unreadable.push({ object, shownId: ownId ?? showId(id, row), problem: problem ?? 'it is no row' });
    }
  }
  return { readable, unreadable, ids };
}

function findProblem(object: HubspotObject, record: ApiRecord): string | null {
  if (!isId(record.id)) return `its id is ${showValue(record.id)}, which is no whole number`;
  const stored = storedModified(object, record);
  const modified = readModified(stored);
  if (modified === null || !isRecordTime(modified))
    return `it was last changed at ${showValue(stored)}, which is no time of a change`;
  const parent = record.properties.associatedcompanyid?.trim() ?? '';
  if (parent !== '' && !isId(parent))
    return `its associatedcompanyid is ${showValue(parent)}, which is no id`;
  return null;
}

/** Why a row has not the shape that HubSpot's rows have. */
export function describeShape(
  row: unknown,
  id: unknown,
  error: { issues: readonly { path: PropertyKey[] }[] },
): string {
  if (typeof id !== 'string') return `its id is ${showValue(id)}, not text`;
  const path = error.issues[0]?.path ?? [];
  let held: unknown = row;
  for (const step of path)
    held = typeof held === 'object' && held !== null ? Reflect.get(held, step) : undefined;
  return `its ${showValue(path.map(String).join('.'))} is ${showValue(held)}, which HubSpot never sends there`;
}
