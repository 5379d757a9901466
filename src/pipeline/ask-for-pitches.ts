import { randomUUID } from 'node:crypto';
import type { Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import { chooseModel, requireModel } from './6-pitch/choose-model.ts';
import { fingerprintOf, preparePitch } from './6-pitch/prepare-pitch.ts';
import type { PitchOrder } from './6-pitch/prepare-pitch.ts';
import { requireTemplate } from './6-pitch/template-library.ts';
import { askForScores } from './ask-for-scores.ts';
import type { Queue } from './queue/queue.ts';
import { holdCompanies } from './store/asked-work.ts';
import { findCompanyByDomain } from './store/companies.ts';
import type { Company } from './store/companies.ts';
import { findOpenRequest, saveRequest } from './store/pitch-requests.ts';
import { findCurrentPitch, reusePitch } from './store/pitches.ts';
import { readPitchSettings } from './store/pitch-settings.ts';
import type { Starter } from './store/runs.ts';
import { findCurrentScore } from './store/scores.ts';

/** As many as one request may ask for. */
const MOST_PITCHES = 200;

export type PitchesRequest = {
  workspaceId: string;
  /** The scoring model, for companies without a score. */
  model: string;
  domains: readonly string[];
  order: PitchOrder;
  /** Written anew although nothing changed. */
  force: boolean;
  askedBy: Starter;
  /** The text models that may be chosen, the default first (choose-model.ts), as far as this process knows; empty: there is none. */
  textModels: readonly string[];
  /** Why nothing that costs may be begun; null: it may. */
  spent: UserError | null;
};

/**
 * Somebody asks for pitches, in the caller's transaction. What is stored and made from what is known now answers at once; the rest is queued, one job each,
 * and where a score is missing a run begins that finds it. The same that is under way already is not begun twice.
 * @returns the batch to ask for (pitch-requests.ts), and its requests' ids in the order of the domains
 * @throws UserError for a template, persona or model that is not there, a company that is left out, too many at once, and `spent` where a score would have to be bought
 */
export async function askForPitches(
  tx: Tx,
  queue: Queue,
  request: PitchesRequest,
): Promise<{ batchId: string; requestIds: string[] }> {
  const { workspaceId, order, force, askedBy } = request;
  const domains = [...new Set(request.domains)];
  if (domains.length > MOST_PITCHES)
    throw new UserError(
      `${domains.length} companies are too many at once`,
      `Ask for ${MOST_PITCHES} at the most.`,
    );
  requireModel(order.wishes.model ?? null, request.textModels);
  const template = await requireTemplate(tx, order.template ?? (await readPitchSettings(tx)).template);
  const missing: string[] = [];
  for (const domain of domains) if (!(await isScored(tx, domain))) missing.push(domain);
  const run =
    missing.length === 0
      ? null
      : (
          await askForScores(tx, queue, {
            workspaceId,
            model: request.model,
            domains: missing,
            startedBy: askedBy,
            spent: request.spent,
          })
        ).run;
  const batchId = randomUUID();
  const isOne = domains.length === 1;
  const requestIds: string[] = [];
  const jobs: string[] = [];
  let joined: string | null = null;
  for (const { domain, company } of await takeInHand(tx, domains)) {
    const wanted = { companyId: company.id, template: template.name, persona: order.persona, wishes: order.wishes, force }; // prettier-ignore
    const open = isOne ? await findOpenRequest(tx, wanted) : null;
    if (open !== null) {
      joined = open.batchId;
      requestIds.push(open.id);
      continue;
    }
    const stored = force ? null : await findStored(tx, company.id, { ...order, template: template.name }, request.textModels); // prettier-ignore
    const id = await saveRequest(tx, workspaceId, {
      ...wanted,
      batchId,
      askedBy,
      ...(stored === null ? {} : { pitchId: stored }),
      ...(run !== null && missing.includes(domain) ? { runId: run.id } : {}),
    });
    requestIds.push(id);
    if (stored === null) jobs.push(id);
  }
  await queue.requestPitches(
    tx,
    jobs.map((pitchRequestId) => ({ workspaceId, pitchRequestId, now: isOne })),
  );
  return { batchId: joined ?? batchId, requestIds };
}

/** Their companies, one at a time for each: the second who asks sees what the first asked for. */
async function takeInHand(
  tx: Tx,
  domains: readonly string[],
): Promise<{ domain: string; company: Company }[]> {
  const taken: { domain: string; company: Company }[] = [];
  for (const domain of domains) {
    const company = await findCompanyByDomain(tx, domain);
    if (company === null) throw new Error(`nobody answers for ${domain}`);
    taken.push({ domain, company });
  }
  await holdCompanies(tx, taken.map(({ company }) => company.id)); // prettier-ignore
  return taken;
}

/** @throws UserError where it is left out */
async function isScored(tx: Tx, domain: string): Promise<boolean> {
  const company = await findCompanyByDomain(tx, domain);
  if (company?.excludedBecause)
    throw new UserError(
      `${domain} is left out: ${company.excludedBecause}`,
      'Change it in the CRM, or the exclusions of its connection ("fieldnote connect … --show" and "--set"), then sync.',
    );
  return company !== null && (await findCurrentScore(tx, company.id)) !== null;
}

/** The id of a stored pitch that was made from what is known now; it is shown from now on. Null: there is none. */
async function findStored(
  tx: Tx,
  companyId: string,
  order: PitchOrder,
  textModels: readonly string[],
): Promise<string | null> {
  const material = await preparePitch(tx, companyId, order);
  if (material === null) return null;
  const fingerprint = fingerprintOf(material, chooseModel(material.settings.model, textModels));
  const found = await reusePitch(tx, material.key, { fingerprint, current: false });
  // The company's own pitch changes by a job, which tells the CRM.
  if (material.isMain && (await findCurrentPitch(tx, companyId))?.id !== found?.id) return null;
  return found?.id ?? null;
}
