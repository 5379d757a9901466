import type { Tx } from '../../db.ts';
import { UserError } from '../../errors.ts';
import { MAIN_PITCH } from '../../pipeline/6-pitch/prepare-pitch.ts';
import { askForPitches } from '../../pipeline/ask-for-pitches.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { noteLinkBatch } from '../../pipeline/store/one-time-links.ts';
import type { OpenedLink } from '../../pipeline/store/one-time-links.ts';
import { listRequests } from '../../pipeline/store/pitch-requests.ts';
import { findPitch } from '../../pipeline/store/pitches.ts';
import { findCurrentScore } from '../../pipeline/store/scores.ts';
import type { Asking, OpenedDocument, Standing } from './opened.ts';

/**
 * Looks at a link that opens the pitches of one template for several companies, and has those made that are not stored, once: the batch is
 * noted with the link, in the caller's transaction, which holds it. Of a company without enough evidence what was read is shown; one whose
 * pitch failed is left out.
 */
export async function lookAtTemplates(
  tx: Tx,
  link: OpenedLink,
  { companies, template }: { companies: readonly Company[]; template: string },
  asking: Asking,
): Promise<Standing> {
  let id = link.pitchBatchId;
  if (id === null) {
    try {
      id = await askForAll(tx, link, companies, template, asking);
    } catch (error) {
      // Thrown before anything was written, so that the transaction stays good.
      if (!(error instanceof UserError)) throw error;
      return fail(companies, error.message, error.fix ?? '');
    }
    await noteLinkBatch(tx, link.tokenHash, id);
  }
  const ids = new Set(companies.map((company) => company.id));
  // One that somebody else asked for already is in a batch of theirs.
  const requests = (await listRequests(tx, id)).filter(({ companyId }) => ids.has(companyId));
  const open = requests.filter(({ state }) => state === 'waiting' || state === 'working');
  if (open.length > 0)
    return {
      state: 'working',
      companies: [...companies],
      ready: companies.length - open.length,
      stage: null,
      begun: open.some(({ state }) => state === 'working'),
    };
  const documents: OpenedDocument[] = [];
  for (const company of companies) {
    const request = requests.find(({ companyId }) => companyId === company.id);
    const pitch = request?.pitchId ? await findPitch(tx, request.pitchId) : null;
    if (pitch !== null || (await findCurrentScore(tx, company.id))?.status === 'not-enough-evidence')
      documents.push({ company, pitch });
  }
  if (documents.length > 0) return { state: 'ready', documents };
  const failed = requests.find(({ error }) => error !== null);
  const gone = requests.some(({ state }) => state === 'done')
    ? `Their pitches of the template "${template}" were made, and were deleted since.`
    : 'They were cancelled before they were made.';
  return fail(companies, failed?.error ?? gone, failed?.fix ?? '');
}

/** @returns the batch. @throws UserError where none of them can be had */
async function askForAll(
  tx: Tx,
  link: OpenedLink,
  companies: readonly Company[],
  template: string,
  { queue, modelName, textModels, workspaceId, spent }: Asking,
): Promise<string> {
  const wanted: string[] = [];
  for (const { id, domain, excludedBecause } of companies) {
    // With the budget spent what is scored is still to be had.
    const isScored = spent === null || (await findCurrentScore(tx, id)) !== null;
    if (excludedBecause === null && isScored) wanted.push(domain);
  }
  const [left] = companies;
  if (wanted.length === 0)
    throw spent ?? new UserError(`${left?.name ?? 'It'} is left out: ${left?.excludedBecause ?? ''}.`, 'Change it in the CRM, or have the exclusions of its connection changed.'); // prettier-ignore
  const { batchId } = await askForPitches(tx, queue, {
    workspaceId,
    model: modelName,
    domains: wanted,
    order: { ...MAIN_PITCH, template },
    force: false,
    askedBy: { via: 'crm', name: link.askedBy },
    textModels,
    spent,
  });
  return batchId;
}

function fail(companies: readonly Company[], why: string, fix: string): Standing {
  const [first] = companies;
  const name = companies.length === 1 && first !== undefined ? first.name : `${companies.length} companies`;
  return { state: 'failed', name, why, fix: fix === '' ? 'Press the button again.' : fix };
}
