import type { World } from '../kit/world.ts';
import type { SalesforceValue } from './options.ts';
import { createRow } from './rows.ts';
import type { Row } from './rows.ts';
import type { DataObject } from './schema.ts';

// The world's records were all entered one after the other, a minute apart, before anybody looks.
const FIRST_ENTRY = Date.UTC(2025, 0, 6, 8);
const ENTRY_APART_MS = 60_000;

/** The records that the org starts with. `ownerId` gives the id of a person named as owner. */
export function baseRows(world: World, ownerId: (name: string | null) => string): Row[] {
  const rows: Row[] = [];
  const add = (
    object: DataObject,
    id: string,
    owner: string | null,
    values: Record<string, SalesforceValue>,
  ) => {
    const at = new Date(FIRST_ENTRY + rows.length * ENTRY_APART_MS).toISOString();
    rows.push(createRow(object, id, at, 'administrator', { ...values, OwnerId: ownerId(owner) }));
  };
  const { accounts, leads, contacts } = world.records.salesforce;
  for (const account of accounts)
    add('Account', account.id, account.owner, {
      Name: account.name,
      Website: account.website,
      Industry: account.industry,
      NumberOfEmployees: account.employees,
      BillingCountry: account.country,
      Phone: account.phone,
      ParentId: account.parentId,
    });
  for (const lead of leads)
    add('Lead', lead.id, lead.owner, {
      FirstName: lead.firstName,
      LastName: lead.lastName,
      Email: lead.email,
      Title: lead.title,
      Company: lead.company,
      Website: lead.website,
      Industry: lead.industry,
      NumberOfEmployees: lead.employees,
      Country: lead.country,
      Phone: lead.phone,
      Status: lead.convertedAccountId === null ? 'Open - Not Contacted' : 'Closed - Converted',
      IsConverted: lead.convertedAccountId !== null,
      ConvertedAccountId: lead.convertedAccountId,
    });
  for (const contact of contacts)
    add('Contact', contact.id, contact.owner, {
      FirstName: contact.firstName,
      LastName: contact.lastName,
      Email: contact.email,
      Title: contact.title,
      Phone: contact.phone,
      AccountId: contact.accountId,
    });
  return rows;
}
