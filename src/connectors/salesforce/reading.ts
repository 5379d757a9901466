import type { CrmRecord, SyncCursor } from '../crm.ts';
import type { ObjectPlan } from '../crm-reading.ts';
import type { UnreadableRow } from '../unreadable.ts';
import type { ChangesCursor } from './changes-cursor.ts';
import { listUnseen, selectColumns } from './columns.ts';
import type { ObjectDescription } from './describe.ts';
import type { SalesforceObject } from './fields.ts';
import { plainFields } from './judge-rows.ts';
import { toRecord } from './to-record.ts';
import type { Row } from './to-record.ts';

/** What is read of an object's changes, whichever API they come by. */
export type Reading<Held> = {
  object: SalesforceObject | 'Opportunity';
  columns(description: ObjectDescription): string[];
  /** What would be among them, could it be seen. */
  unseen(description: ObjectDescription): string[];
  /** Columns that hold one plain value. */
  texts: readonly string[];
  /** A condition on the rows that are of use; null: all are. */
  only(state: ChangesCursor): string | null;
  /** What a page holds of the rows that came and can be taken. */
  hold(rows: readonly Row[]): Held;
};

export type PageOf<Held> = Held & {
  unreadable?: readonly UnreadableRow[];
  cursor: SyncCursor;
  /** As of a ChangePage. */
  continues?: boolean;
};

/** Records as a plan wants them. */
export function readingOf(plan: ObjectPlan<SalesforceObject>): Reading<{ records: CrmRecord[] }> {
  return {
    object: plan.object,
    columns: (description) => selectColumns(plan, description),
    unseen: (description) => listUnseen(plan, description),
    texts: plainFields(plan),
    only: () => null,
    hold: (rows) => ({ records: rows.map((row) => toRecord(plan, row)) }),
  };
}

/** The query of what is left to read, in no order. @param condition the cursor's WHERE, or nothing */
export function writeQuery(
  { object, columns, only }: Reading<unknown>,
  description: ObjectDescription,
  state: ChangesCursor,
  condition: string,
): string {
  const alone = only(state);
  const more = alone === null ? '' : ` ${condition === '' ? 'WHERE' : 'AND'} ${alone}`;
  return `SELECT ${columns(description).join(', ')} FROM ${object}${condition}${more}`;
}
