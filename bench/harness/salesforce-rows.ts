// The rows of an invented Salesforce org of any size: a quarter accounts, the rest leads of the same companies. Row by row
// they follow from their place, so that nothing needs to be kept.
import { normalizeId } from '../../sandbox/salesforce/ids.ts';

const LEADS_PER_ACCOUNT = 3;
// Ten minutes between two changes: a million rows in nineteen years, so that no sync looks back over more than one of them.
const FIRST_STAMP = Date.UTC(2005, 0, 3, 8);
const APART_MS = 600_000;

export type ObjectName = 'Account' | 'Lead' | 'Contact';
type Cell = string | number | boolean | null;

const id = (prefix: string, index: number): string => {
  const made = normalizeId(`${prefix}${String(index).padStart(12, '0')}`);
  if (made === null) throw new Error(`${prefix} and ${index} make no id`);
  return made;
};

/** When a row was last changed: whole seconds, as the platform's stamps. */
const stampOf = (index: number): string => new Date(FIRST_STAMP + index * APART_MS).toISOString();

/** The first row that was changed at that instant or later. */
export const indexSince = (stamp: string): number =>
  Math.max(0, Math.ceil((Date.parse(stamp) - FIRST_STAMP) / APART_MS));

export function countRows(total: number): Record<ObjectName, number> {
  const accounts = Math.ceil(total / (1 + LEADS_PER_ACCOUNT));
  return { Account: accounts, Lead: total - accounts, Contact: 0 };
}

export function rowOf(object: ObjectName, index: number): Record<string, Cell> {
  const company = object === 'Account' ? index : Math.floor(index / LEADS_PER_ACCOUNT);
  const shared = {
    SystemModstamp: stampOf(index).replace('Z', '+0000'),
    IsDeleted: false,
    OwnerId: id('005', index % 40),
    MasterRecordId: null,
  };
  return object === 'Account'
    ? {
        Id: id('001', index),
        ...shared,
        Name: `Prebuilt Company ${company} GmbH & Co. KG`,
        Website: `https://www.prebuilt-company-${company}.example/en/home`,
        Industry: 'Manufacturing',
        NumberOfEmployees: 10 + (company % 5_000),
        BillingCountry: 'Germany',
      }
    : {
        Id: id('00Q', index),
        ...shared,
        Name: `Robin Beispiel-${index}`,
        Company: `Prebuilt Company ${company}`,
        Website: null,
        Email: `robin.beispiel.${index}@prebuilt-company-${company}.example`,
        Title: 'Head of Platform Engineering',
        Industry: null,
        NumberOfEmployees: null,
        Country: 'Germany',
        IsConverted: false,
        ConvertedAccountId: null,
      };
}
