import { z } from 'zod';
import type { CrmRecord } from '../crm.ts';
import { readFacts, readOthers } from '../crm-reading.ts';
import type { FieldMap, ObjectPlan, RawValue } from '../crm-reading.ts';
import { readInstant, readOurs, readText } from './fields.ts';
import type { SalesforceObject } from './fields.ts';

/** A row as the REST API sends it; rows of a bulk query are brought into the same shape. */
export type RawRow = Readonly<Record<string, unknown>>;

/** One that can be taken (judge-rows.ts). */
export type Row = RawRow & { Id: string; SystemModstamp: string };

/** Tells a row, and whether it was saved since: the same whichever API sent it. */
export function versionOf(row: Row): string {
  return `${row.Id} ${readInstant(row.SystemModstamp)}`;
}

/** Which standard fields tell what, unless settings map it otherwise. */
export const usualFields: Readonly<Record<SalesforceObject, FieldMap>> = {
  Account: {
    name: ['Name'],
    website: ['Website'],
    industry: ['Industry'],
    employees: ['NumberOfEmployees'],
    country: ['BillingCountry'],
  },
  Lead: {
    name: ['Name'],
    companyName: ['Company'],
    website: ['Website'],
    email: ['Email'],
    title: ['Title'],
    industry: ['Industry'],
    employees: ['NumberOfEmployees'],
    country: ['Country'],
  },
  Contact: { name: ['Name'], email: ['Email'], title: ['Title'], country: ['MailingCountry'] },
};

/** Fields that the platform means the same thing by in every org, besides Id, SystemModstamp and IsDeleted. */
export const fixedFields: Readonly<Record<SalesforceObject, readonly string[]>> = {
  Account: ['OwnerId', 'MasterRecordId', 'IsPersonAccount', 'Type'],
  Lead: ['OwnerId', 'MasterRecordId', 'IsConverted', 'ConvertedAccountId', 'HasOptedOutOfEmail'],
  Contact: ['OwnerId', 'MasterRecordId', 'AccountId', 'IsPersonAccount', 'HasOptedOutOfEmail'],
};

// The values that come with every org are "Customer - Direct" and "Customer - Channel" (object reference, Account.Type);
// orgs shorten or extend them, and keep the word in front. "Former Customer" is none.
const CUSTOMER = /^customer\b/i;

/** A row in the house's shape. */
export function toRecord(plan: ObjectPlan<SalesforceObject>, row: Row): CrmRecord {
  const { object } = plan;
  const valueOf = (name: string): RawValue => {
    const value = row[name];
    return typeof value === 'number' || typeof value === 'boolean' ? value : readText(value);
  };
  const facts = readFacts(plan, valueOf);
  const type = object === 'Account' ? readText(row.Type) : null;
  return {
    object,
    externalId: row.Id,
    ...facts,
    companyName: object === 'Contact' ? readAccountName(row) : facts.companyName,
    ownerId: readText(row.OwnerId),
    parentId: object === 'Contact' ? readText(row.AccountId) : null,
    modifiedAt: readInstant(row.SystemModstamp) ?? row.SystemModstamp,
    deleted: row.IsDeleted === true,
    mergedInto: readText(row.MasterRecordId),
    convertedTo: row.IsConverted === true ? readText(row.ConvertedAccountId) : null,
    isPerson: row.IsPersonAccount === true,
    signs: {
      customer: type !== null && CUSTOMER.test(type) ? `Type is ${type}` : null,
      optedOut: row.HasOptedOutOfEmail === true,
      openDeals: 0,
    },
    others: readOthers(plan, valueOf),
    ours: object === 'Contact' ? {} : readOurs(row),
  };
}

const Related = z.object({ Name: z.string() });

function readAccountName(row: Row): string | null {
  const account = Related.safeParse(row.Account);
  return account.success ? readText(account.data.Name) : null;
}
