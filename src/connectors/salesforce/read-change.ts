import type { CrmObject } from '../crm.ts';
import type { ToldChange } from '../crm-told.ts';
import type { Told } from './stream-messages.ts';

const ID = /^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$/;

/**
 * What an event tells of its records; null where something changed that it does not name: an overflow, a wildcard for all records
 * of an object (001*), an event that can't be read.
 */
export function readChange(object: CrmObject, { header }: Told): ToldChange[] | null {
  if (header === null) return null;
  const { changeType, recordIds } = header;
  if (recordIds.length === 0 || !recordIds.every((id) => ID.test(id))) return null;
  switch (changeType) {
    case 'UPDATE': {
      const fields = header.changedFields.flatMap(namesOf);
      return recordIds.map((externalId) => ({ object, externalId, kind: 'changed', fields }));
    }
    case 'CREATE':
    case 'UNDELETE':
    // A gap says which record changed and how, but not what of it.
    case 'GAP_CREATE':
    case 'GAP_UPDATE':
    case 'GAP_UNDELETE':
      return recordIds.map((externalId) => ({ object, externalId, kind: 'changed', fields: null }));
    case 'DELETE':
    case 'GAP_DELETE':
      return recordIds.map((externalId) => ({ object, externalId, kind: 'gone', fields: null }));
    default:
      return null;
  }
}

/**
 * The names under which a query knows a changed field. Parts of compound fields come as `Compound.Part` ("Get Compound Fields in
 * Change Events"): BillingAddress.Country is the query's BillingCountry, Address.Country of a lead its Country, Name.LastName its
 * LastName, which changes Name as well.
 */
function namesOf(changed: string): string[] {
  const [compound = '', part] = changed.split('.');
  if (part === undefined) return [changed];
  return [compound, part, `${compound.replace(/Address$/, '')}${part}`];
}
