import type { CallOptions, ProviderCall } from '../../../src/connectors/call.ts';
import type { ChangePage, Crm, CrmObject, CrmRecord, SyncCursor } from '../../../src/connectors/crm.ts';
import { createPolicy, noBreaker, noLimits } from '../../../src/connectors/resilience.ts';
import type { PolicyOptions } from '../../../src/connectors/resilience.ts';
import { createSalesforce } from '../../../src/connectors/salesforce/salesforce.ts';
import type { SalesforceOptions } from '../../../src/connectors/salesforce/salesforce.ts';
import { createOwnQuota } from '../../harness/own-quota.ts';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';

/** The connector on a twin, as app.ts builds it but for limits and waits. */
export function connect(
  twin: Pick<SalesforceTwin, 'url' | 'clientId' | 'clientSecret' | 'adminClientId' | 'adminClientSecret'>,
  settings: Partial<SalesforceOptions> = {},
  policy: Partial<PolicyOptions> = {},
): Crm {
  return createSalesforce({
    loginUrl: twin.url,
    clientId: twin.clientId,
    clientSecret: twin.clientSecret,
    quota: createOwnQuota(),
    admin: { clientId: twin.adminClientId, clientSecret: twin.adminClientSecret },
    policy: createPolicy({
      provider: 'salesforce',
      limits: noLimits,
      breaker: noBreaker,
      buckets: [],
      attempts: 3,
      attemptTimeoutMs: 5000,
      totalTimeoutMs: 20_000,
      backoffMs: { first: 1, max: 5 },
      ...policy,
    }),
    ...settings,
    bulk: { poll: { firstMs: 5, maxMs: 20 }, repeat: { attempts: 3, firstMs: 1 }, ...settings.bulk },
  });
}

export type Ledger = CallOptions & { calls: ProviderCall[]; notices: string[]; stop: AbortController };

/** Options of a call that can be stopped, and what it reported. */
export function ledger(): Ledger {
  const stop = new AbortController();
  const calls: ProviderCall[] = [];
  const notices: string[] = [];
  return {
    signal: stop.signal,
    onCall: (call) => calls.push(call),
    onNotice: (notice) => notices.push(notice),
    calls,
    notices,
    stop,
  };
}

/** Reads a whole stream of changes. */
export async function readAll(
  crm: Crm,
  object: CrmObject,
  cursor: SyncCursor | null,
  options: CallOptions = ledger(),
): Promise<{ records: CrmRecord[]; pages: ChangePage[]; cursor: SyncCursor | null }> {
  const pages: ChangePage[] = [];
  for await (const page of crm.readChanges(object, cursor, options)) pages.push(page);
  return { records: pages.flatMap((page) => page.records), pages, cursor: pages.at(-1)?.cursor ?? cursor };
}
