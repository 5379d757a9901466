import { z } from 'zod';
import type { CallOptions } from '../call.ts';
import type { CrmUser } from '../crm-users.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { HubspotApi } from './api.ts';

// Owners guide: a page takes 500 at the most; accounts with more than fifty pages of owners are none that we know of.
const PAGE = 500;
const MOST_PAGES = 50;

const Owners = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      email: z.string().nullish(),
      firstName: z.string().nullish(),
      lastName: z.string().nullish(),
    }),
  ),
  paging: z.object({ next: z.object({ after: z.string() }).optional() }).optional(),
});

/** Owners of the account among these ids (scope crm.objects.owners.read). */
export async function readUsers(
  api: HubspotApi,
  externalIds: readonly string[],
  options: CallOptions,
): Promise<CrmUser[]> {
  const wanted = new Set(externalIds);
  const users: CrmUser[] = [];
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after === undefined ? {} : { after }) });
    const { data } = await api.send(
      {
        operation: 'owners',
        method: 'GET',
        path: `/crm/owners/${HUBSPOT_API_VERSION}?${query.toString()}`,
        schema: Owners,
        repeatable: true,
      },
      options,
    );
    for (const { id, email, firstName, lastName } of data.results)
      if (wanted.has(id))
        users.push({
          externalId: id,
          name: [firstName, lastName].filter(Boolean).join(' ') || (email ?? id),
          email: email ?? null,
        });
    after = data.paging?.next?.after;
    if (after === undefined) break;
  }
  return users;
}
