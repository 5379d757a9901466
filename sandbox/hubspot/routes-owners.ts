import type { Request } from 'express';
import { refuse } from './answers.ts';
import { HUBSPOT_API_VERSION, handle } from './portal.ts';
import type { Portal } from './portal.ts';
import { userIdOf } from './user-ids.ts';

// Owners guide: a hundred unless told, five hundred at the most.
const USUAL_PAGE = 100;
const LARGEST_PAGE = 500;

/**
 * Every user is an owner: the people that records name as their owner, by the addresses that the sandbox's Slack knows them by, and those
 * who changed something.
 */
export function mountOwners(portal: Portal): void {
  portal.app.get([`/crm/owners/${HUBSPOT_API_VERSION}`, '/crm/v3/owners'], (request, response) => {
    handle(response, 'owners', () => {
      portal.guard.needScope('crm.objects.owners.read');
      const limit = readNumber(request, 'limit', USUAL_PAGE);
      if (limit < 1 || limit > LARGEST_PAGE) throw refuse(`limit must be between 1 and ${LARGEST_PAGE}`);
      const from = readNumber(request, 'after', 0);
      const ids = listOwners(portal);
      const results = ids.slice(from, from + limit).map((id) => showOwner(id));
      const next = from + limit;
      return {
        body: { results, ...(next < ids.length ? { paging: { next: { after: String(next) } } } : {}) },
      };
    });
  });
}

function readNumber(request: Request, name: string, otherwise: number): number {
  const given = request.query[name];
  return typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : otherwise;
}

function listOwners({ state }: Portal): string[] {
  const ids = (['companies', 'contacts'] as const).flatMap((type) =>
    state
      .shelf(type)
      .inOrder()
      .flatMap(({ properties }) => properties.hubspot_owner_id ?? []),
  );
  return [...new Set([...ids, ...state.people])].toSorted();
}

function showOwner(id: string): Record<string, unknown> {
  const [firstName = '', ...rest] = id.split(' ');
  const handle = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '.')
    .replaceAll(/^\.|\.$/g, '');
  return {
    id,
    email: `${handle}@fieldnote-sandbox.example`,
    type: 'PERSON',
    userId: userIdOf(id),
    firstName,
    lastName: rest.join(' '),
    archived: false,
  };
}
