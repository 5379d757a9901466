import { readJudgement, listStored, saveJudgement } from '../store/judged-records.ts';
import { gatherRecords, mergeRecords, prepareRecord } from '../store/merge-records.ts';
import { beginStoring } from '../store/turns.ts';
import { becauseOfPerson, judgeStored } from './mirror-record.ts';
import { JUDGEMENT } from './reading-plan.ts';
import { SettingsChanged } from './settings-changed.ts';
import type { SyncOptions, SyncResult } from './sync.ts';

const ROWS_AT_ONCE = 2_000;

/**
 * Mirrored rows → the same rows, as today's rules read them. Once for each change of the rules, from what is stored: it takes no call.
 * What a row loses by that keeps its values in the CRM, since nobody did anything to it there. One that is stopped
 * begins anew, and rows that are judged already are left as they are. @throws SettingsChanged
 */
export async function judgeAgain(
  { db, connection, call }: SyncOptions,
  result: Pick<SyncResult, 'changed' | 'companiesAdded' | 'companiesChanged'>,
): Promise<void> {
  const { workspaceId, id: connectionId } = connection;
  // A newer version beside us has newer rules.
  if ((await db.inWorkspace(workspaceId, (tx) => readJudgement(tx, connectionId))) >= JUDGEMENT) return;
  const personBecause = becauseOfPerson('Account');
  let behind: Parameters<typeof listStored>[2]['behind'] = null;
  do {
    call.signal.throwIfAborted();
    const page = { behind, limit: ROWS_AT_ONCE, personBecause };
    const { last, merged } = await db.inWorkspace(workspaceId, async (tx) => {
      if (!(await beginStoring(tx, connection))) throw new SettingsChanged();
      const rows = await listStored(tx, connectionId, page);
      const changed = rows.flatMap((row) => judgeStored(row) ?? []);
      const counts = await mergeRecords(
        tx,
        { workspaceId, connectionId },
        gatherRecords(changed.map(prepareRecord)),
      );
      const isLast = rows.length < ROWS_AT_ONCE;
      if (isLast) await saveJudgement(tx, connectionId, JUDGEMENT);
      return { last: isLast ? undefined : rows.at(-1), merged: counts };
    });
    behind = last ?? null;
    result.changed += merged.changed;
    result.companiesAdded += merged.companies.added;
    result.companiesChanged += merged.companies.changed;
  } while (behind !== null);
}
