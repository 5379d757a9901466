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
      userId: z.number().nullish(),
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
  for await (const owner of listOwners(api, options))
    if (wanted.has(owner.id))
      users.push({ externalId: owner.id, name: nameOf(owner), email: owner.email ?? null });
  return users;
}

/** The names of users by their user ids, which changes name them by: every user is an owner, under another id. */
export async function readAuthors(
  api: HubspotApi,
  userIds: readonly string[],
  options: CallOptions,
): Promise<Map<string, string>> {
  const wanted = new Set(userIds);
  const names = new Map<string, string>();
  for await (const owner of listOwners(api, options)) {
    const userId = String(owner.userId ?? '');
    if (wanted.has(userId)) names.set(userId, nameOf(owner));
    if (names.size === wanted.size) break;
  }
  return names;
}

type Owner = z.infer<typeof Owners>['results'][number];

function nameOf({ id, email, firstName, lastName }: Owner): string {
  return [firstName, lastName].filter(Boolean).join(' ') || (email ?? id);
}

async function* listOwners(api: HubspotApi, options: CallOptions): AsyncGenerator<Owner> {
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
    yield* data.results;
    after = data.paging?.next?.after;
    if (after === undefined) return;
  }
}
