import type { CrmRecord } from '../crm.ts';
import type { ObjectPlan } from '../crm-reading.ts';
import { isRecordTime, showId, showValue } from '../unreadable.ts';
import type { UnreadableRow } from '../unreadable.ts';
import { readInstant } from './fields.ts';
import type { SalesforceObject } from './fields.ts';
import { toRecord } from './to-record.ts';
import type { RawRow, Row } from './to-record.ts';

export type JudgedRows = {
  /** Those that can be taken, in the order in which they came. */
  rows: Row[];
  unreadable: UnreadableRow[];
  /** When rows were last changed, as far as that can be read: also of rows that can't be taken, so that the cursor passes them. */
  stamps: string[];
};

const ID = /^[A-Za-z0-9]{18}$/;
const REFERENCE = /^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$/;
const REFERENCES = ['OwnerId', 'MasterRecordId', 'AccountId', 'ConvertedAccountId'] as const;
const FLAGS = ['IsDeleted', 'IsConverted', 'IsPersonAccount', 'HasOptedOutOfEmail', 'IsClosed'] as const;

/**
 * Rows as they came → those that can be taken, and what is wrong with the others. By hand: a schema for each of some hundred thousand
 * rows costs more than reading them.
 * @param texts fields that hold one plain value
 */
export function judgeRows(
  object: UnreadableRow['object'],
  texts: readonly string[],
  raw: readonly unknown[],
): JudgedRows {
  const judged: JudgedRows = { rows: [], unreadable: [], stamps: [] };
  for (const row of raw) {
    const held = isObject(row) ? row : {};
    const stamp = readStamp(held.SystemModstamp);
    if (stamp !== null) judged.stamps.push(stamp);
    const problem = findProblem(held, stamp, texts);
    if (problem === null && isRow(held)) judged.rows.push(held);
    else {
      const shownId = typeof held.Id === 'string' && ID.test(held.Id) ? held.Id : showId(held.Id, row);
      judged.unreadable.push({ object, shownId, problem: problem ?? 'it is no row' });
    }
  }
  return judged;
}

/** The same, and the rows in the house's shape. */
export function judgePlanned(
  plan: ObjectPlan<SalesforceObject>,
  raw: readonly unknown[],
): JudgedRows & { records: CrmRecord[] } {
  const judged = judgeRows(plan.object, plainFields(plan), raw);
  return { ...judged, records: judged.rows.map((row) => toRecord(plan, row)) };
}

/** What somebody mapped may be anything that the org has, an address of several parts too: only the usual fields are known. */
export function plainFields(plan: ObjectPlan<SalesforceObject>): string[] {
  return plan.fields.flatMap(([, names]) => names).filter((name) => !plan.asked.has(name));
}

function findProblem(row: RawRow, stamp: string | null, texts: readonly string[]): string | null {
  if (typeof row.Id !== 'string' || !ID.test(row.Id))
    return `its Id is ${showValue(row.Id)}, not 18 letters and digits`;
  if (stamp === null)
    return `its SystemModstamp is ${showValue(row.SystemModstamp)}, which is no time of a change`;
  for (const name of REFERENCES) {
    const value = row[name];
    if (value !== undefined && value !== null && value !== '')
      if (typeof value !== 'string' || !REFERENCE.test(value))
        return `its ${name} is ${showValue(value)}, which is no id`;
  }
  for (const name of FLAGS) {
    const value = row[name];
    if (value !== undefined && value !== null && typeof value !== 'boolean')
      return `its ${name} is ${showValue(value)}, neither true nor false`;
  }
  for (const name of texts) {
    const value = row[name];
    if (typeof value === 'object' && value !== null)
      return `its ${name} is ${showValue(value)}, not one value`;
  }
  return null;
}

function readStamp(value: unknown): string | null {
  const instant = readInstant(value);
  return instant !== null && isRecordTime(instant) ? instant : null;
}

function isObject(row: unknown): row is RawRow {
  return typeof row === 'object' && row !== null;
}

function isRow(row: RawRow): row is Row {
  return typeof row.Id === 'string' && typeof row.SystemModstamp === 'string';
}
