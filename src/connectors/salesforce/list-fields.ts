import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { CrmField } from '../crm-reading.ts';
import type { Describe } from './describe.ts';
import type { SalesforceObject } from './fields.ts';

// Types of the describe call (SOAP API guide, "Field Types"). References show an id, compound types can't be read in bulk.
const KINDS: Readonly<Record<string, CrmField['kind']>> = {
  string: 'text',
  textarea: 'text',
  picklist: 'text',
  multipicklist: 'text',
  combobox: 'text',
  url: 'text',
  email: 'text',
  phone: 'text',
  encryptedstring: 'text',
  int: 'number',
  long: 'number',
  double: 'number',
  currency: 'number',
  percent: 'number',
  boolean: 'yes-no',
  date: 'date',
  datetime: 'date',
};

const OURS = new Set(FIELDS.map((field) => field.salesforceName));

/** Every field of an object that the integration user may see, as the org says now, but for our own: results of ours tell nothing of a company. */
export async function listFields(
  describe: Describe,
  object: SalesforceObject,
  options: CallOptions,
): Promise<CrmField[]> {
  const { fields } = await describe.fresh(object, options);
  return [...fields.values()].flatMap(({ name, label, type }) =>
    OURS.has(name) ? [] : { name, label, kind: KINDS[type] ?? 'other', platformType: type },
  );
}
