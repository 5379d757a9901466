import type { CrmObject } from '../../connectors/crm.ts';
import type { Connection } from '../../pipeline/store/connections.ts';
import { requireTemplate } from '../../pipeline/6-pitch/template-library.ts';
import { createOneTimeLinks } from '../auth/one-time-links.ts';
import type { WebDeps } from '../deps.ts';
import { HttpError } from '../http-error.ts';
import { findSubject } from './card.ts';

/** A link to a ZIP of pitches; none where no record leads to one. */
export type PitchesLink = {
  url: string | null;
  /** ISO. */
  expiresAt: string | null;
  /** How many are in it: several records may be of one company. */
  companies: number;
  /** Records without a pitch, and why. */
  leftOut: { id: string; why: string }[];
};

/**
 * A link that opens the pitches of several records' companies as one ZIP, once, within five minutes. `ids`: those that the person may see;
 * `template` by its name, null: each company's own pitch.
 * @throws HttpError 409 where that is none, UserError for a template that there is not
 */
export async function issuePitchesLink(
  deps: Pick<WebDeps, 'db' | 'publicUrl'>,
  at: { workspaceId: string; connection: Connection; object: CrmObject },
  asked: { ids: readonly string[]; template: string | null; user: string },
): Promise<PitchesLink> {
  if (asked.ids.length === 0)
    throw new HttpError(
      409,
      'None of the ticked records is one that you may see',
      'Ask an administrator of Salesforce for access to them, or tick others.',
    );
  const { workspaceId } = at;
  const companyIds = new Set<string>();
  const leftOut: PitchesLink['leftOut'] = [];
  await deps.db.inWorkspace(workspaceId, async (tx) => {
    if (asked.template !== null) await requireTemplate(tx, asked.template);
    for (const id of new Set(asked.ids)) {
      const { company, trouble } = await findSubject(tx, { ...at, externalId: id });
      if (trouble !== null) leftOut.push({ id, why: [trouble.why, trouble.fix].filter(Boolean).join('. ') });
      else if (company !== null) companyIds.add(company.id);
    }
  });
  if (companyIds.size === 0) return { url: null, expiresAt: null, companies: 0, leftOut };
  const { url, expiresAt } = await createOneTimeLinks(deps).issue({
    workspaceId,
    target: { kind: 'zip', companyIds: [...companyIds], template: asked.template },
    record: null,
    user: asked.user,
  });
  return { url, expiresAt: expiresAt.toISOString(), companies: companyIds.size, leftOut };
}
