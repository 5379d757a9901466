import type { CallOptions } from './call.ts';

/** Somebody who owns records in a CRM. */
export type CrmUser = {
  /** As records name their owner. */
  externalId: string;
  name: string;
  email: string | null;
};

/**
 * Who these owners are; ids that the CRM knows nobody by are left out.
 * @throws ProviderError, `unauthorized` where the integration user may not see users
 */
export type ReadUsers = (externalIds: readonly string[], options: CallOptions) => Promise<CrmUser[]>;
