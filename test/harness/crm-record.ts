import type { CrmObject, CrmRecord } from '../../src/connectors/crm.ts';

/** A CRM row that says nothing but what it is told. */
export const crmRecord = (
  object: CrmObject,
  externalId: string,
  rest: Partial<CrmRecord> = {},
): CrmRecord => ({
  object,
  externalId,
  name: null,
  companyName: null,
  website: null,
  email: null,
  title: null,
  industry: null,
  employees: null,
  country: null,
  ownerId: null,
  parentId: null,
  modifiedAt: '2026-11-01T00:00:00.000Z',
  deleted: false,
  mergedInto: null,
  convertedTo: null,
  isPerson: false,
  signs: { customer: null, optedOut: false, openDeals: 0 },
  others: {},
  ours: {},
  ...rest,
});
