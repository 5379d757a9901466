import type { Lock } from './events.ts';
import type { SalesforceChange, SalesforceValue } from './options.ts';
import { taskStatuses } from './picklists.ts';
import type { DataObject } from './schema.ts';

/** One record. Instants are ISO strings in UTC, whole seconds, so that they compare as text. */
export type Row = {
  id: string;
  object: DataObject;
  values: Record<string, SalesforceValue>;
  createdAt: string;
  createdBy: string;
  modifiedAt: string;
  modifiedBy: string;
  /** SystemModstamp: also moves when the platform itself touches the record. */
  stamp: string;
  deleted: boolean;
  mergedInto: string | null;
  locked: Lock;
  history: SalesforceChange[];
  updates: Record<string, number>;
  unchanged: Record<string, number>;
};

export function createRow(
  object: DataObject,
  id: string,
  at: string,
  by: string,
  values: Record<string, SalesforceValue>,
): Row {
  return {
    id,
    object,
    values,
    createdAt: at,
    createdBy: by,
    modifiedAt: at,
    modifiedBy: by,
    stamp: at,
    deleted: false,
    mergedInto: null,
    locked: 'no',
    history: [],
    updates: {},
    unchanged: {},
  };
}

/** Writes values into a row and its history; stamps move even when nothing changes, as on the platform. */
export function changeRow(row: Row, at: string, by: string, values: Record<string, SalesforceValue>): void {
  for (const [field, to] of Object.entries(values)) {
    const from = row.values[field] ?? null;
    if (from === to) {
      row.unchanged[by] = (row.unchanged[by] ?? 0) + 1;
      continue;
    }
    row.values[field] = to;
    row.history.push({ at, by, field, from, to });
  }
  touchRow(row, at, by);
}

export function touchRow(row: Row, at: string, by: string): void {
  row.modifiedAt = at;
  row.modifiedBy = by;
  row.stamp = at;
}

/** The value of a field, system fields included; `userId` tells whose id an author has. */
export function readValue(row: Row, field: string, userId: (author: string) => string): SalesforceValue {
  switch (field) {
    case 'Id':
      return row.id;
    case 'IsDeleted':
      return row.deleted;
    case 'MasterRecordId':
      return row.mergedInto;
    case 'CreatedDate':
      return row.createdAt;
    case 'CreatedById':
      return userId(row.createdBy);
    case 'LastModifiedDate':
      return row.modifiedAt;
    case 'LastModifiedById':
      return userId(row.modifiedBy);
    case 'SystemModstamp':
      return row.stamp;
    case 'Name':
      return row.object === 'Lead' || row.object === 'Contact' ? personName(row) : (row.values.Name ?? null);
    case 'IsClosed':
      return row.object === 'Task'
        ? taskStatuses.some(({ label, closed }) => closed && label === row.values.Status)
        : String(row.values.StageName).startsWith('Closed');
    case 'IsWon':
      return row.values.StageName === 'Closed Won';
    case 'IsConverted':
    case 'IsPersonAccount':
    case 'HasOptedOutOfEmail':
      return row.values[field] ?? false;
    default:
      return row.values[field] ?? null;
  }
}

function personName(row: Row): string {
  return [row.values.FirstName, row.values.LastName].filter((part) => typeof part === 'string').join(' ');
}
