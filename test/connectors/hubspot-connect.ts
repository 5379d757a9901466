import type { ProviderCall } from '../../src/connectors/call.ts';
import type { Crm, CrmObject, CrmRecord, SyncCursor } from '../../src/connectors/crm.ts';
import { createHubspot } from '../../src/connectors/hubspot/hubspot.ts';
import type { HubspotOptions } from '../../src/connectors/hubspot/hubspot.ts';
import { createHubspotPolicies } from '../../src/connectors/hubspot/limits.ts';
import { createPolicy, noBreaker, noLimits } from '../../src/connectors/resilience.ts';
import type { Policy } from '../../src/connectors/resilience.ts';
import { createOwnQuota } from '../harness/own-quota.ts';
import { TOKEN } from '../sandbox/hubspot-start.ts';
import type { TestPortal } from '../sandbox/hubspot-start.ts';

export const quiet = () => ({ signal: new AbortController().signal });

/** The connector as app.ts would make it, without shared limits. */
export function connect(portal: TestPortal | null, rest: Partial<HubspotOptions> = {}): Crm {
  const policies = createHubspotPolicies({ limits: noLimits, breaker: noBreaker, account: 'hubspot:test' });
  // Without a portal nothing may be called: fetch refuses this port.
  const baseUrl = portal?.twin.url ?? 'http://127.0.0.1:9';
  return createHubspot({ baseUrl, accessToken: TOKEN, quota: createOwnQuota(), ...policies, ...rest });
}

/** A policy that gives up after one short attempt, so that a failure shows as it is. */
export function oneAttempt(attemptTimeoutMs = 2_000): { policy: Policy; searchPolicy: Policy } {
  const policy = createPolicy({
    provider: 'hubspot',
    limits: noLimits,
    breaker: noBreaker,
    buckets: [],
    attempts: 1,
    attemptTimeoutMs,
    totalTimeoutMs: attemptTimeoutMs,
    backoffMs: { first: 1, max: 1 },
  });
  return { policy, searchPolicy: policy };
}

/** One whole sync: everything it read, and where it left off. */
export async function sync(
  crm: Crm,
  object: CrmObject,
  cursor: SyncCursor | null,
  onCall?: (call: ProviderCall) => void,
): Promise<{ records: CrmRecord[]; cursor: SyncCursor }> {
  const records: CrmRecord[] = [];
  let last = cursor;
  for await (const page of crm.readChanges(object, cursor, { ...quiet(), onCall })) {
    records.push(...page.records);
    // The cursor goes through the database as JSON.
    last = JSON.parse(JSON.stringify(page.cursor));
  }
  if (last === null) throw new Error('the sync gave no cursor');
  return { records, cursor: last };
}

export const ids = (records: readonly CrmRecord[]): string[] =>
  records.map((record) => record.externalId).toSorted();
