import { requireTemplate } from '../../pipeline/6-pitch/template-library.ts';
import { createOneTimeLinks } from '../auth/one-time-links.ts';
import type { WebDeps } from '../deps.ts';
import { requireCardCompany } from './card.ts';
import type { CardTarget } from './card.ts';

export type PitchLink = { url: string; expiresAt: string };

/**
 * A link that opens the pitch PDF of a record's company once, within five minutes. `template` by its name; null: as usual. `press`: as
 * `OneTimeLinks` takes it.
 * @throws HttpError 409 when the record leads to no pitch, UserError for a template that there is not
 */
export async function issuePitchLink(
  deps: Pick<WebDeps, 'db' | 'publicUrl'>,
  target: CardTarget,
  asked: { template: string | null; user: string; press: { id: string; key: string } | null },
): Promise<PitchLink> {
  const { workspaceId, connection, object, externalId } = target;
  const company = await deps.db.inWorkspace(workspaceId, async (tx) => {
    if (asked.template !== null) await requireTemplate(tx, asked.template);
    return requireCardCompany(tx, target);
  });
  const { url, expiresAt } = await createOneTimeLinks(deps).issue({
    workspaceId,
    target: { kind: 'pitch', companyId: company.id, template: asked.template },
    record: { connectionId: connection.id, object, id: externalId },
    user: asked.user,
    press: asked.press,
  });
  return { url, expiresAt: expiresAt.toISOString() };
}
