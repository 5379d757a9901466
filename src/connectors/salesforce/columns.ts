import { ourFields } from './describe.ts';
import type { ObjectDescription } from './describe.ts';
import type { SalesforceObject } from './fields.ts';
import { readFields } from './to-record.ts';

/** What a sync selects of an object: what exists and the integration user may see. */
export function selectColumns(object: SalesforceObject, description: ObjectDescription): string[] {
  const standard = readFields[object].filter((name) => description.fields.has(name));
  const columns = ['Id', 'SystemModstamp', 'IsDeleted', ...standard];
  if (standard.includes('AccountId')) columns.push('Account.Name');
  columns.push(...ourFields(description));
  return columns;
}
