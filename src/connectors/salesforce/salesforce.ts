import { UserError } from '../../errors.ts';
import type { Crm } from '../crm.ts';
import { READ_AS_USUAL, planObject } from '../crm-reading.ts';
import type { ObjectPlan } from '../crm-reading.ts';
import { DAILY_SHARE, createDailyShare } from '../daily-share.ts';
import { BULK } from './bulk-settings.ts';
import { checkOrg } from './check.ts';
import { createClient } from './client.ts';
import { createDescribe } from './describe.ts';
import { readFieldAccess } from './editors.ts';
import { ADMINISTRATOR_LOGIN, provider } from './failures.ts';
import { neededFields } from './needed-fields.ts';
import { createNotes } from './notes.ts';
import { asSalesforceObject, readObjects, writeObjects } from './fields.ts';
import { PATIENCE, followChanges } from './follow-changes.ts';
import type { SalesforceObject } from './fields.ts';
import { groupWrites } from './group.ts';
import { installFields } from './install.ts';
import { listFields } from './list-fields.ts';
import type { SalesforceOptions } from './options.ts';
import { createOrgMemory } from './org-memory.ts';
import { openPendingApprovals } from './pending-approvals.ts';
import { readChanges } from './read-changes.ts';
import { readDeals } from './read-deals.ts';
import { READ_BATCH, readCurrent } from './read-current.ts';
import { readingOf } from './reading.ts';
import { readAuthors, readUsers } from './read-users.ts';
import { READ_RECORDS_BATCH, readRecords } from './read-records.ts';
import { fixedFields, usualFields } from './to-record.ts';
import { LONGEST_WRITE_MS, writeRecords } from './write.ts';

export type { SalesforceOptions } from './options.ts';

/** The Salesforce connector: jsforce over the client-credentials flow, under the given policy. */
export function createSalesforce(settings: SalesforceOptions): Crm {
  const { loginUrl, clientId, clientSecret, admin, policy } = settings;
  const fetch = settings.fetch ?? globalThis.fetch;
  const now = settings.now ?? (() => new Date());
  const bulk = { ...BULK, ...settings.bulk };
  const daily = createDailyShare({
    provider,
    share: settings.dailyShare ?? DAILY_SHARE,
    quota: settings.quota,
  });
  const memory = settings.memory ?? createOrgMemory();
  const shared = { loginUrl, policy, daily, fetch, now };
  const client = createClient({ ...shared, memory, clientId, clientSecret });
  const describe = createDescribe(client, memory.descriptions, now);
  const reading = settings.reading ?? READ_AS_USUAL;
  const notes = settings.notes ?? false;
  const planOf = (object: SalesforceObject): ObjectPlan<SalesforceObject> =>
    planObject(object, usualFields[object], reading, neededFields(object, reading));
  // Lightning answers on the My Domain, which is also where we log in.
  const origin = URL.parse(loginUrl)?.origin;
  if (origin === undefined || !/^https?:/.test(origin))
    throw new UserError(
      `the Salesforce login URL "${loginUrl}" is no web address`,
      "set SALESFORCE_LOGIN_URL to the org's My Domain, https://NAME.my.salesforce.com",
    );
  return {
    kind: 'salesforce',
    readObjects,
    writeObjects,
    usualFields,
    listFields: (object, options) => listFields(describe, asSalesforceObject(object), options),
    readBatch: READ_BATCH,
    check: (options) =>
      checkOrg(
        client,
        describe,
        { plans: readObjects.map(planOf), deals: reading.deals, notes },
        options,
        daily.known,
      ),
    readFieldAccess: (options) => readFieldAccess(client, options),
    installFields: async (options) => {
      if (admin === undefined)
        throw new UserError(
          'creating fields in Salesforce takes an administrator',
          'give the client id and secret of an app that runs as an administrator',
        );
      const { userId: integrationUserId } = await client.session(options);
      const administrator = createClient({
        ...shared,
        memory: createOrgMemory(),
        ...admin,
        loginName: ADMINISTRATOR_LOGIN,
      });
      const installed = await installFields(administrator, { integrationUserId, notes }, options);
      describe.forget();
      return installed;
    },
    readChanges: (object, cursor, options) =>
      readChanges(client, describe, readingOf(planOf(asSalesforceObject(object))), cursor, {
        ...options,
        now,
        bulk,
      }),
    readDeals: (cursor, options) => readDeals(client, describe, cursor, { ...options, now, bulk }),
    recordBatch: READ_RECORDS_BATCH,
    readRecords: (object, externalIds, options) =>
      readRecords(client, describe, planOf(asSalesforceObject(object)), externalIds, options),
    syncedFields: (object) => {
      const plan = planOf(asSalesforceObject(object));
      const mapped = plan.fields.flatMap(([, names]) => names);
      return [...new Set([...fixedFields[plan.object], ...mapped, ...plan.others])];
    },
    followChanges: (position, options) =>
      followChanges(client, position, { ...options, patience: { ...PATIENCE, ...settings.stream } }),
    readCurrent: (object, externalIds, options) =>
      readCurrent(client, describe, asSalesforceObject(object), externalIds, options),
    groupWrites,
    longestWriteMs: settings.longestWriteMs ?? LONGEST_WRITE_MS,
    writeRecords: (group, options) => writeRecords(client, group, options),
    notes: createNotes(client),
    readUsers: (externalIds, options) => readUsers(client, externalIds, options),
    readAuthors: (userIds, options) => readAuthors(client, userIds, options),
    openLocks: (options) => openPendingApprovals(client, options),
    recordUrl: (object, externalId) =>
      `${origin}/lightning/r/${asSalesforceObject(object)}/${encodeURIComponent(externalId)}/view`,
  };
}
