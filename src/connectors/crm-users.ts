import type { CallOptions } from './call.ts';

/** Somebody who owns records in a CRM. */
export type CrmUser = {
  /** As records name their owner. */
  externalId: string;
  name: string;
  email: string | null;
};

/** Who changed something, as a CRM tells: a user, by the id that changes name them by, or what else it was ("a workflow"). */
export type Author = { userId: string | null; what: string | null };

/**
 * The names of users by the ids that changes name them by, people who left included where the CRM still knows them.
 * @throws ProviderError, `unauthorized` where the integration user may not see users
 */
export type ReadAuthors = (userIds: readonly string[], options: CallOptions) => Promise<Map<string, string>>;

/**
 * Who these owners are; ids that the CRM knows nobody by are left out.
 * @throws ProviderError, `unauthorized` where the integration user may not see users
 */
export type ReadUsers = (externalIds: readonly string[], options: CallOptions) => Promise<CrmUser[]>;
