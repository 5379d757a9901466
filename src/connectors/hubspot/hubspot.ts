import type { GrantStore } from '../crm-credentials.ts';
import type { Crm, CrmObject } from '../crm.ts';
import { READ_AS_USUAL, planObject } from '../crm-reading.ts';
import type { ObjectPlan, ReadingPlan } from '../crm-reading.ts';
import { DAILY_SHARE, createDailyShare } from '../daily-share.ts';
import type { SharedQuota } from '../limits.ts';
import type { Policy } from '../resilience.ts';
import { staticAccess } from './access.ts';
import { createApi } from './api.ts';
import { createCaller } from './call.ts';
import { readChanges } from './changes.ts';
import type { ApiRecord } from './shapes.ts';
import { createBarred } from './barred-fields.ts';
import { HISTORY_BATCH, readHistory } from './history.ts';
import { findSurvivors } from './survivors.ts';
import { ourProperties } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { grantAccess } from './grant.ts';
import { createNotes } from './notes.ts';
import { listFields, requireProperties } from './properties.ts';
import { READ_RECORDS_BATCH, readRecords } from './read-records.ts';
import { readAuthors, readUsers } from './read-users.ts';
import { modifiedProperty, syncedProperties, usualFields } from './records.ts';
import { checkConnection, installFields, readAccount } from './setup.ts';
import type { HubspotAccount } from './setup.ts';
import { BATCH, LONGEST_WRITE_MS, groupWrites, readCurrent, writeRecords } from './writes.ts';

export type HubspotOptions = {
  /** https://api.hubapi.com, or a sandbox. */
  baseUrl: string;
  /** The static token of an app or a service key, or where an OAuth app's grant is kept. */
  accessToken: string | GrantStore;
  /** For everything but searches and tokens; see createHubspotPolicies. */
  policy: Policy;
  searchPolicy: Policy;
  tokenPolicy: Policy;
  /** What HubSpot says of the account's daily calls, for all workers. */
  quota: SharedQuota;
  /** Batch work stops when this share (0–1) of the account's daily calls is used up, by whomever; default 0.8. */
  dailyShare?: number;
  /** What is read in another way than usual. */
  reading?: ReadingPlan;
  /** The longest that HubSpot goes on with a write after it was sent, in milliseconds. */
  longestWriteMs?: number;
  /** What an earlier check() learned; without it, links to records are right once anything was read. */
  account?: HubspotAccount;
  now?: () => Date;
};

const TYPE_IDS: Readonly<Record<HubspotObject, string>> = { company: '0-2', contact: '0-1' };

/**
 * HubSpot behind the Crm port: companies and contacts. HubSpot's own leads (0-136) are not read, for each hangs on a
 * contact or company that is, and carries none of our fields.
 */
export function createHubspot(options: HubspotOptions): Crm {
  const now = options.now ?? (() => new Date());
  const { baseUrl, accessToken, policy, searchPolicy, tokenPolicy } = options;
  const daily = createDailyShare({
    provider: 'hubspot',
    share: options.dailyShare ?? DAILY_SHARE,
    quota: options.quota,
  });
  const call = createCaller(baseUrl, daily);
  const access =
    typeof accessToken === 'string'
      ? staticAccess(accessToken)
      : grantAccess({ call, policy: tokenPolicy, store: accessToken, now });
  const api = createApi({ call, access, policy, searchPolicy, daily });
  const findBarred = createBarred(api);
  const reading = options.reading ?? READ_AS_USUAL;
  const planOf = (object: HubspotObject): ObjectPlan<HubspotObject> =>
    planObject(object, usualFields[object], reading);
  let home = options.account === undefined ? null : appHome(options.account);

  return {
    kind: 'hubspot',
    readObjects: ['company', 'contact'],
    writeObjects: ['company', 'contact'],
    usualFields,
    listFields: async (object, callOptions) => listFields(api, ours(object), callOptions),
    readBatch: BATCH,
    check: async (callOptions) => {
      const account = await readAccount(api, callOptions);
      home = appHome(account);
      return checkConnection(api, access, { ...account, server: new URL(baseUrl).host }, callOptions);
    },
    installFields: (callOptions) => installFields(api, callOptions),
    readChanges: async function* (object, cursor, callOptions) {
      const plan = planOf(ours(object));
      await requireProperties(api, plan, callOptions);
      const seen = ({ url }: Pick<ApiRecord, 'url'>): void => {
        // Every record names its page: https://app.hubspot.com/contacts/PORTAL/record/…
        home ??= /^https:\/\/[^/]+\/contacts\/\d+/.exec(url ?? '')?.[0] ?? null;
      };
      yield* readChanges(api, plan, cursor, callOptions, seen, now());
    },
    recordBatch: READ_RECORDS_BATCH,
    readRecords: async (object, externalIds, callOptions) => {
      const plan = planOf(ours(object));
      await requireProperties(api, plan, callOptions);
      return readRecords(api, plan, externalIds, callOptions);
    },
    syncedFields: (object) => {
      // It moves with every change of anything.
      const moves = modifiedProperty(ours(object));
      return syncedProperties(planOf(ours(object))).filter(
        (name) => name !== moves && !ourProperties.includes(name),
      );
    },
    readCurrent: async (object, externalIds, callOptions) =>
      readCurrent(api, findBarred, ours(object), externalIds, callOptions),
    groupWrites,
    longestWriteMs: options.longestWriteMs ?? LONGEST_WRITE_MS,
    writeRecords: (group, callOptions) => writeRecords(api, group, callOptions),
    history: {
      batch: HISTORY_BATCH,
      read: async (object, externalIds, fields, callOptions) =>
        readHistory(api, ours(object), externalIds, fields, callOptions),
      findSurvivors: async (object, externalIds, callOptions) =>
        findSurvivors(api, ours(object), externalIds, callOptions),
    },
    notes: createNotes(api),
    readUsers: (externalIds, callOptions) => readUsers(api, externalIds, callOptions),
    readAuthors: (userIds, callOptions) => readAuthors(api, userIds, callOptions),
    // Before the account is known, the app's front page.
    recordUrl: (object, externalId) =>
      home === null
        ? 'https://app.hubspot.com/'
        : `${home}/record/${TYPE_IDS[ours(object)]}/${encodeURIComponent(externalId)}`,
  };
}

function appHome({ portalId, uiDomain }: HubspotAccount): string {
  return `https://${uiDomain}/contacts/${portalId}`;
}

function ours(object: CrmObject): HubspotObject {
  if (object === 'company' || object === 'contact') return object;
  throw new Error(`HubSpot has no ${object}`);
}
