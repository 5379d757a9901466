import { createHash } from 'node:crypto';
import type { Shared } from './app-connectors.ts';
import type { Config } from './config.ts';
import type { Crm, CrmKind } from './connectors/crm.ts';
import type { Credentials, GrantStore, HubspotGrant } from './connectors/crm-credentials.ts';
import type { ReadingPlan } from './connectors/crm-reading.ts';
import { createHubspot } from './connectors/hubspot/hubspot.ts';
import { createHubspotPolicies } from './connectors/hubspot/limits.ts';
import type { SharedBreaker, SharedQuota } from './connectors/limits.ts';
import { createPolicy, noBreaker, noLimits, noQuota } from './connectors/resilience.ts';
import { createOrgMemory, type OrgMemory } from './connectors/salesforce/org-memory.ts';
import { createSalesforce } from './connectors/salesforce/salesforce.ts';
import { UserError } from './errors.ts';
import { planReading } from './pipeline/1-sync/reading-plan.ts';
import type { ConnectionSettings } from './pipeline/store/connection-settings.ts';
import { DEFAULT_CONNECTION, nameConnection } from './pipeline/store/connections.ts';
import type { Connection } from './pipeline/store/connections.ts';
import type { Vault } from './pipeline/vault.ts';

export type CrmsOptions = {
  config: Config;
  shared: Shared & { quotaOf(connection: Connection): SharedQuota };
  vault: Vault;
  /** The workspace that the environment's credentials belong to. */
  homeWorkspaceId: string;
};

const HOW_TO_SET: Record<CrmKind, string> = {
  salesforce: 'SALESFORCE_LOGIN_URL, SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET',
  hubspot: 'HUBSPOT_ACCESS_TOKEN',
};

/**
 * Opens the CRM behind a connection, once for the same credentials and settings; for a `trial` of other settings each time, to
 * look at a few rows under them. @throws UserError where the credentials are not to be had here
 */
export function openCrms(options: CrmsOptions): (connection: Connection, trial?: ConnectionSettings) => Crm {
  const opened = new Map<string, { made: string; lasting: string; memory: OrgMemory; crm: Crm }>();
  return (connection, trial) => {
    const credentials = findCredentials(options, connection);
    // A bulk job is for who reads all.
    if (trial !== undefined)
      return open(options, { ...connection, settings: trial }, credentials, { inBulk: false });
    // Under other settings, fields that were added for them just now are to be seen at once.
    const lasting = `${describeLasting(credentials)} ${connection.settingsVersion}`;
    const made = `${lasting} ${connection.account} ${connection.organizationId}`;
    const known = opened.get(connection.id);
    if (known?.made === made) return known.crm;
    // The first check finds whose limits these are: the same user goes on with the org as that found it.
    const memory = known?.lasting === lasting ? known.memory : createOrgMemory();
    const crm = open(options, connection, credentials, { inBulk: true, memory });
    opened.set(connection.id, { made, lasting, memory, crm });
    return crm;
  };
}

/** Is this the connection that the environment gives? */
export function isFromEnvironment(
  { homeWorkspaceId }: Pick<CrmsOptions, 'homeWorkspaceId'>,
  { workspaceId, name }: Pick<Connection, 'workspaceId' | 'name'>,
): boolean {
  return workspaceId === homeWorkspaceId && name === DEFAULT_CONNECTION;
}

function findCredentials(options: CrmsOptions, connection: Connection): Credentials {
  if (connection.status === 'removed')
    throw new UserError(
      `${nameConnection(connection)} was removed`,
      `Connect it again: fieldnote connect ${connection.kind} --name ${connection.name}`,
    );
  if (!isFromEnvironment(options, connection)) return options.vault.open(connection);
  const { salesforce, hubspot } = options.config;
  if (connection.kind === 'salesforce' && salesforce !== null) {
    const { loginUrl, clientId, clientSecret } = salesforce;
    return { kind: 'salesforce', loginUrl, clientId, clientSecret };
  }
  if (connection.kind === 'hubspot' && hubspot !== null) return { kind: 'hubspot', ...hubspot };
  throw new UserError(
    `${connection.kind} is not configured`,
    `Set ${HOW_TO_SET[connection.kind]}, or connect it under a name of its own: fieldnote connect ${connection.kind} --name NAME`,
  );
}

/** The client secret of the app behind a HubSpot connection; null: none is known, or it does not open here. */
export function openSecrets(options: CrmsOptions): (connection: Connection) => string | null {
  return (connection) => {
    const own = options.config.hubspotClientSecret;
    if (connection.kind !== 'hubspot') return null;
    if (isFromEnvironment(options, connection)) return own;
    try {
      const credentials = options.vault.open(connection);
      return 'clientSecret' in credentials ? (credentials.clientSecret ?? own) : own;
    } catch (error) {
      if (error instanceof UserError) return null;
      throw error;
    }
  };
}

/** What of the credentials stays the same when tokens are renewed, in a form that gives nothing away. */
function describeLasting(credentials: Credentials): string {
  const lasting =
    'refreshToken' in credentials ? { ...credentials, refreshToken: '', access: null } : credentials;
  return createHash('sha256').update(JSON.stringify(lasting)).digest('base64url');
}

/** A CRM behind credentials that are stored nowhere yet, and what is to be stored when they work: tokens may be renewed meanwhile. */
export function openTrial(config: Config, credentials: Credentials): { crm: Crm; held(): Credentials } {
  let held = credentials;
  const store: GrantStore = {
    read: async () => asGrant(held),
    change: async (_known, renew) => (held = await renew(asGrant(held))),
  };
  const alone = { limits: noLimits, breaker: noBreaker };
  return {
    crm: build({
      credentials,
      account: `${credentials.kind}:trial`,
      shared: alone,
      quota: noQuota,
      store,
      admin: config.salesforceAdmin,
    }),
    held: () => held,
  };
}

function asGrant(credentials: Credentials): HubspotGrant {
  if (!('refreshToken' in credentials)) throw new Error('these credentials are no OAuth grant');
  return credentials;
}

function open(
  { config, shared, vault }: CrmsOptions,
  connection: Connection,
  credentials: Credentials,
  { inBulk, memory }: { inBulk: boolean; memory?: OrgMemory },
): Crm {
  const { id, kind, account } = connection;
  return build({
    inBulk,
    memory,
    credentials,
    account,
    organizationId: connection.organizationId,
    // Each org stands on servers of its own: one that is down says nothing about the next.
    shared: { ...shared, breaker: breakerOf(shared.breaker, `${kind}:${id}`) },
    quota: shared.quotaOf(connection),
    store: vault.grantOf(connection),
    admin: config.salesforceAdmin,
    longestWriteMs: config.longestWriteMs,
    reading: planReading(connection.settings),
    dailyShare: connection.settings.dailyShare,
    notes: connection.settings.noteOnBandChange,
  });
}

function build(options: {
  credentials: Credentials;
  /** Whose limits these are. */
  account: string;
  /** The org's own id, once a check found it. */
  organizationId?: string | null;
  shared: Shared;
  quota: SharedQuota;
  store: GrantStore;
  admin: Config['salesforceAdmin'];
  longestWriteMs?: number | null;
  reading?: ReadingPlan;
  dailyShare?: number;
  inBulk?: boolean;
  memory?: OrgMemory | undefined;
  notes?: boolean;
}): Crm {
  const {
    credentials,
    account,
    organizationId = null,
    shared,
    quota,
    store,
    admin,
    reading,
    dailyShare,
    inBulk = true,
    memory,
    notes,
  } = options;
  const { longestWriteMs } = options;
  const patience = longestWriteMs === null || longestWriteMs === undefined ? {} : { longestWriteMs };
  if (credentials.kind === 'hubspot')
    return createHubspot({
      ...patience,
      baseUrl: credentials.baseUrl,
      quota,
      // Links lead to the right place through HubSpot's front door, wherever the account is hosted.
      ...(organizationId === null
        ? {}
        : { account: { portalId: Number(organizationId), uiDomain: 'app.hubspot.com' } }),
      accessToken: 'accessToken' in credentials ? credentials.accessToken : store,
      reading,
      dailyShare,
      ...createHubspotPolicies({ ...shared, account }),
    });
  const { loginUrl, clientId, clientSecret } = credentials;
  return createSalesforce({
    ...patience,
    loginUrl,
    clientId,
    clientSecret,
    quota,
    reading,
    dailyShare,
    notes,
    ...(admin === null ? {} : { admin }),
    ...(memory === undefined ? {} : { memory }),
    ...(inBulk ? {} : { bulk: { above: Infinity } }),
    policy: createPolicy({
      ...shared,
      provider: 'salesforce',
      // A bucket without a rate of its own still carries the org's "not before" to every worker.
      buckets: [{ key: account, cost: ({ requests }) => requests }],
      attempts: 3,
      attemptTimeoutMs: 20_000,
      totalTimeoutMs: 28_000,
      backoffMs: { first: 500, max: 5_000 },
    }),
  });
}

function breakerOf(breaker: SharedBreaker, key: string): SharedBreaker {
  return {
    enter: () => breaker.enter(key),
    report: (_provider, outcome) => breaker.report(key, outcome),
  };
}
