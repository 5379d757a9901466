import type { Database } from '../../db.ts';
import { finishPitch } from './finish-pitch.ts';
import type { FinishedPitch } from './finish-pitch.ts';
import { buildPitchData } from './pitch-data.ts';
import { readPitchFacts } from './read-facts.ts';
import type { TemplateEntry } from './template-library.ts';
import type { TemplateRenderer } from './template-renderer.ts';

/**
 * What a template gives for a company: marked passages with their own words, nothing asked, nothing stored. Null: the company has no
 * score. Throws UserError where the template is wrong or wants more than it may have.
 */
export async function previewTemplate(
  { db, templates }: { db: Database; templates: TemplateRenderer },
  { workspaceId, companyId, template }: { workspaceId: string; companyId: string; template: TemplateEntry },
): Promise<FinishedPitch | null> {
  const facts = await db.inWorkspace(workspaceId, (tx) => readPitchFacts(tx, companyId));
  if (facts === null) return null;
  const { data, citations } = buildPitchData(facts);
  const rendered = await templates.render(template, data);
  return finishPitch({
    template,
    rendered,
    passages: null,
    citations,
    neverClaim: facts.seller?.neverClaim ?? [],
  });
}
