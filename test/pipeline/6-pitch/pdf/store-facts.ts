import type { Tx } from '../../../../src/db.ts';
import type { SheetFacts } from '../../../../src/pipeline/6-pitch/build-sheet.ts';
import { ensureCompany } from '../../../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../../../src/pipeline/store/connections.ts';
import { saveExtraction } from '../../../../src/pipeline/store/extractions.ts';
import { replacePersonas } from '../../../../src/pipeline/store/personas.ts';
import { savePitch } from '../../../../src/pipeline/store/pitches.ts';
import { saveScore } from '../../../../src/pipeline/store/scores.ts';
import { listSources, replaceSources } from '../../../../src/pipeline/store/sources.ts';

/** Stores what a sheet is made of, as the stages store it. */
export async function storeFacts(tx: Tx, workspaceId: string, facts: SheetFacts): Promise<void> {
  const { company: about, score, pitch, sources } = facts;
  const company = await ensureCompany(tx, workspaceId, about);
  await replaceSources(
    tx,
    workspaceId,
    company.id,
    sources.map((source) => ({
      ...source,
      kind: 'site' as const,
      text: source.title,
      contentHash: `hash of ${source.url}`,
      credibility: 0.9,
      quality: 0.8,
    })),
  );
  const stored = await listSources(tx, company.id);
  const sourceId = stored[0]?.id;
  const extractionId = await saveExtraction(tx, workspaceId, {
    companyId: company.id,
    inputHash: about.domain,
    method: 'phrases',
    methodBecause: null,
    textModel: null,
    overview: { profile: facts.profile },
    personas: [],
    flagged: [],
    dropped: [],
    signals: [],
    competitors: sourceId === undefined ? [] : facts.competitors.map((each) => ({ ...each, sourceId })),
  });
  const reasons = score.reasons.map((reason) => ({ ...reason, sourceId: null }));
  await saveScore(tx, workspaceId, { ...score, companyId: company.id, extractionId, reasons });
  const connection = await ensureConnection(tx, workspaceId, 'salesforce', 'default');
  await replacePersonas(
    tx,
    workspaceId,
    company.id,
    facts.personas.map((persona) => ({
      ...persona,
      matches: persona.matches.map((match) => ({ ...match, connectionId: connection.id })),
    })),
  );
  if (pitch !== null)
    await savePitch(tx, workspaceId, { ...pitch, companyId: company.id, awaitsModel: false });
}
