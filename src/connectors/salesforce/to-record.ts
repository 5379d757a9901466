import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CrmRecord } from '../crm.ts';
import { provider } from './failures.ts';
import { readInstant, readOurs, readText } from './fields.ts';
import type { SalesforceObject } from './fields.ts';

/** A row as the REST API sends it; rows of a bulk query are brought into the same shape. */
export type Row = Readonly<Record<string, unknown>> & { Id: string; SystemModstamp: string };

/** A guard of our own: a schema for each of some hundred thousand rows costs more than reading them. */
export function isRow(row: unknown): row is Row {
  return (
    typeof row === 'object' &&
    row !== null &&
    'Id' in row &&
    typeof row.Id === 'string' &&
    /^\w{18}$/.test(row.Id) &&
    'SystemModstamp' in row &&
    typeof row.SystemModstamp === 'string'
  );
}

/** Standard fields read of each object, besides Id, SystemModstamp and IsDeleted. */
export const readFields: Readonly<Record<SalesforceObject, readonly string[]>> = {
  Account: ['Name', 'Website', 'Industry', 'NumberOfEmployees', 'BillingCountry', 'OwnerId', 'MasterRecordId', 'IsPersonAccount'],
  Lead: ['Name', 'Company', 'Website', 'Email', 'Title', 'Industry', 'NumberOfEmployees', 'Country', 'OwnerId', 'MasterRecordId', 'IsConverted', 'ConvertedAccountId'],
  Contact: ['Name', 'Email', 'Title', 'MailingCountry', 'OwnerId', 'MasterRecordId', 'AccountId'],
}; // prettier-ignore

export function toRecord(object: SalesforceObject, row: Row): CrmRecord {
  const modifiedAt = readInstant(row.SystemModstamp);
  if (modifiedAt === null)
    throw new ProviderError({
      provider,
      operation: 'query',
      kind: 'malformed',
      message: `${object} ${row.Id} has no readable SystemModstamp`,
    });
  const employees = row.NumberOfEmployees;
  return {
    object,
    externalId: row.Id,
    name: readText(row.Name),
    companyName: readCompanyName(object, row),
    website: readText(row.Website),
    email: readText(row.Email),
    title: readText(row.Title),
    industry: readText(row.Industry),
    employees: typeof employees === 'number' ? employees : null,
    country: readText(row.BillingCountry ?? row.Country ?? row.MailingCountry),
    ownerId: readText(row.OwnerId),
    parentId: object === 'Contact' ? readText(row.AccountId) : null,
    modifiedAt,
    deleted: row.IsDeleted === true,
    mergedInto: readText(row.MasterRecordId),
    convertedTo: row.IsConverted === true ? readText(row.ConvertedAccountId) : null,
    isPerson: row.IsPersonAccount === true,
    ours: object === 'Contact' ? {} : readOurs(row),
  };
}

const Related = z.object({ Name: z.string() });

function readCompanyName(object: SalesforceObject, row: Row): string | null {
  if (object === 'Lead') return readText(row.Company);
  if (object !== 'Contact') return null;
  const account = Related.safeParse(row.Account);
  return account.success ? readText(account.data.Name) : null;
}
