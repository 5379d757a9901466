import type { Session } from './client.ts';
import type { DescribedObject, ObjectDescription } from './describe.ts';

/** What an org told one user that stays true for a while, for all that speak to it with the same credentials: each login and description is a call. */
export type OrgMemory = {
  session: Promise<Session> | null;
  descriptions: Map<DescribedObject, { at: number; description: ObjectDescription }>;
};

/** Nothing was told yet. */
export function createOrgMemory(): OrgMemory {
  return { session: null, descriptions: new Map() };
}
