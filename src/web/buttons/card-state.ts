import type { CardRecord } from '../../pipeline/store/card-records.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import type { Card } from './card-shape.ts';

type Trouble = Pick<Card, 'state' | 'why' | 'fix'>;

/** Why this record can have no score; null: nothing stands in the way. */
export function judgeRecord(record: CardRecord | null, company: Company | null): Trouble | null {
  if (record === null)
    return {
      state: 'unknown',
      why: 'Fieldnote has not read this record yet',
      fix: 'Wait for the next sync, which takes it up by itself, or have an administrator run "fieldnote sync".',
    };
  const became = record.mergedInto ?? record.convertedTo;
  if (became !== null)
    return {
      state: 'gone',
      why: `This record became another one: ${became}`,
      fix: 'Open that one: its score is there.',
    };
  if (record.deleted)
    return { state: 'gone', why: 'This record was deleted', fix: 'Restore it, and the next sync finds it.' };
  const excluded = record.excludedBecause ?? company?.excludedBecause ?? null;
  if (excluded !== null)
    return {
      state: 'left-out',
      why: `This record is left out: ${excluded}`,
      fix: 'Change it here, or have an administrator change what the connection excludes.',
    };
  if (company === null)
    return {
      state: 'no-company',
      why: `This record leads to no company: ${record.skippedBecause ?? 'it has no domain'}`,
      fix: "Enter the company's website. The next sync takes it up by itself.",
    };
  return null;
}

/** Why a score should be made again; null: it is fresh. */
export function tellStale(
  { enrichedAt, dueAt }: Pick<Company, 'enrichedAt' | 'dueAt'>,
  old: boolean,
  now = Date.now(),
): string | null {
  if (dueAt !== null && dueAt.getTime() <= now)
    return 'It is due to be read again: its time is up, or the record changed';
  if (old && enrichedAt !== null) return 'The company was last read more than seven days ago';
  return old ? 'It is more than seven days old' : null;
}
