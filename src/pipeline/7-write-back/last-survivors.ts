import type { CrmObject } from '../../connectors/crm.ts';
import { isRefusal } from './flush-read.ts';
import type { FlushSession } from './flush-session.ts';
import { findSurvivors } from './lost-races.ts';

type Session = Pick<FlushSession, 'crm' | 'call'>;

// A merges into B, B into C, and so on; a chain without an end is no chain.
const MOST_MERGES = 10;

export type LastSurvivor = {
  survivorId: string;
  /** Where a merge makes a new record (HubSpot), all whose values it may go on with; the ids of the others stay without values of theirs. */
  mergedIds: readonly string[];
};

/** The records at the end of the merges that these went into, by the id that is gone; of others nothing. */
export async function findLastSurvivors(
  session: Session,
  object: CrmObject,
  externalIds: readonly string[],
): Promise<Map<string, LastSurvivor>> {
  const { history } = session.crm;
  if (history !== undefined) {
    const rows = externalIds.map((externalId) => ({ externalId }));
    const found = await findSurvivors(session, history, object, rows);
    return found;
  }
  const into = new Map<string, string>();
  let asked = [...new Set(externalIds)];
  for (let merges = 0; merges < MOST_MERGES && asked.length > 0; merges += 1) {
    const found = await readMerged(session, object, asked);
    for (const { externalId, mergedInto } of found) into.set(externalId, mergedInto);
    asked = [...new Set(found.map(({ mergedInto }) => mergedInto))].filter((id) => !into.has(id));
  }
  const last = (id: string): string => {
    let current = id;
    for (let merges = 0; merges < MOST_MERGES; merges += 1) current = into.get(current) ?? current;
    return current;
  };
  return new Map(
    externalIds.flatMap((id) =>
      into.has(id) ? [[id, { survivorId: last(id), mergedIds: [] }] as const] : [],
    ),
  );
}

/** Those that were merged away, by what a sync would read of them. A batch that is refused tells nothing. */
async function readMerged(
  { crm, call }: Session,
  object: CrmObject,
  ids: readonly string[],
): Promise<{ externalId: string; mergedInto: string }[]> {
  const merged: { externalId: string; mergedInto: string }[] = [];
  for (let at = 0; at < ids.length; at += crm.recordBatch) {
    const batch = ids.slice(at, at + crm.recordBatch);
    try {
      const { records } = await call('read', (options) => crm.readRecords(object, batch, options));
      for (const { externalId, mergedInto } of records)
        if (mergedInto !== null) merged.push({ externalId, mergedInto });
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  return merged;
}
