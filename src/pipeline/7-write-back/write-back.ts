import type { FieldValues } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import type { FieldKey } from '../../connectors/crm-fields.ts';
import type { Database } from '../../db.ts';
import type { Stage } from '../stage.ts';
import { findCompany } from '../store/companies.ts';
import { findCurrentExtraction, listCompetitors } from '../store/extractions.ts';
import { listPersonas } from '../store/personas.ts';
import { readCurrentPitch } from '../read-pitch.ts';
import { WRITABLE_OBJECTS, listWritableRecords } from '../store/records.ts';
import { findRun } from '../store/runs.ts';
import { findCurrentScore } from '../store/scores.ts';
import { describeBandChange } from './note-text.ts';
import { NOT_ENOUGH_EVIDENCE, planCompanyWrites } from './plan-writes.ts';
import { describeCompetitors, describePersonas, describePitch, describeWhy } from './texts.ts';

/** Results → planned writes on every record of the company, in both CRMs. Sending them is the flusher's. */
export function createWriteBackStage(deps: { db: Database; publicUrl: string }): Stage {
  return {
    name: 'write-back',
    tries: 3,
    run: async ({ workspaceId, runId, companyId }) => {
      await deps.db.inWorkspace(workspaceId, async (tx) => {
        const company = await findCompany(tx, companyId);
        const score = await findCurrentScore(tx, companyId);
        const extraction = await findCurrentExtraction(tx, companyId);
        const run = await findRun(tx, runId);
        if (company === null || score === null || extraction === null || run === null)
          throw new Error('nothing was scored before writing back');
        // Left out while it was at work.
        if (company.excludedBecause !== null) return;
        const competitors = await listCompetitors(tx, extraction.id);
        const personas = await listPersonas(tx, companyId);
        const pitch = score.status === 'scored' ? await readCurrentPitch(tx, companyId) : null;
        const records = await listWritableRecords(tx, companyId, WRITABLE_OBJECTS);
        const page = `${deps.publicUrl}/companies/${company.domain}`;
        const within = (field: FieldKey) => ({ limit: lengthOf(field), moreAt: page });
        const scored = score.status === 'scored';

        const desired: FieldValues = {
          score: score.score,
          band: score.band ?? NOT_ENOUGH_EVIDENCE,
          confidence: scored ? Math.round(score.confidence * 100) : null,
          why: describeWhy(score, within('why')),
          competitors: describeCompetitors(competitors, within('competitors')),
          pitch: pitch === null ? null : describePitch(pitch, within('pitch')),
          pitchLink: `${page}/pitch`,
          model: `${score.modelVersion}, method: ${extraction.method}`,
          scoredAt: score.scoredAt.toISOString(),
        };
        // Only people of the very CRM that the text is written to: another CRM's contacts are not this one's to show.
        const personasFor = (connectionId: string): string | null =>
          describePersonas(
            personas.map((persona) => ({
              ...persona,
              contacts: persona.matches.filter((match) => match.connectionId === connectionId),
            })),
            within('personas'),
          );
        await planCompanyWrites(tx, {
          runId,
          companyId,
          explicit: run.kind !== 'scheduled',
          describeBandChange: (change) => describeBandChange(change, score, page),
          records: records.map((record) => ({
            ...record,
            desired: { ...desired, personas: scored ? personasFor(record.connectionId) : null },
          })),
        });
      });
    },
  };
}

function lengthOf(field: FieldKey): number {
  const length = FIELDS.find((definition) => definition.key === field)?.length;
  if (length === undefined) throw new Error(`${field} is no text field`);
  return length;
}
