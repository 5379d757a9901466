import type { Tx } from '../../db.ts';
import { UserError } from '../../errors.ts';
import { askForScores } from '../../pipeline/ask-for-scores.ts';
import type { Queue } from '../../pipeline/queue/queue.ts';
import { findCompany } from '../../pipeline/store/companies.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { noteLinkRun } from '../../pipeline/store/one-time-links.ts';
import type { OpenedLink } from '../../pipeline/store/one-time-links.ts';
import type { Pitch } from '../../pipeline/store/pitches.ts';
import { findItems } from '../../pipeline/store/run-items.ts';
import type { RunItem } from '../../pipeline/store/run-items.ts';
import { findCurrentScore } from '../../pipeline/store/scores.ts';
import { lookAtTemplate } from './opened-pitch.ts';
import { lookAtTemplates } from './opened-pitches.ts';

/** A company with a score. `pitch`: the one that is opened; null: the company's own. */
export type OpenedDocument = { company: Company; pitch: Pitch | null };

/** What a link opens, as it stands now. */
export type Standing =
  /** Everything that can be had is stored. */
  | { state: 'ready'; documents: OpenedDocument[] }
  /** Some are at work. `stage`: the last that one of them is through with; `begun`: it is not waiting for a place. */
  | { state: 'working'; companies: Company[]; ready: number; stage: string | null; begun: boolean }
  | { state: 'failed'; name: string; why: string; fix: string };

export type Asking = {
  queue: Queue;
  modelName: string;
  textModels: readonly string[];
  workspaceId: string;
  spent: UserError | null;
};

/**
 * Looks at what a link opens, and has the scores found that are missing, once: the run is noted with the link, in the caller's
 * transaction, which holds it.
 */
export async function lookAtOpened(tx: Tx, link: OpenedLink, asking: Asking): Promise<Standing> {
  const ids = link.target.kind === 'pitch' ? [link.target.companyId] : link.target.companyIds;
  const [scored, missing]: [Company[], Company[]] = [[], []];
  for (const id of ids) {
    const company = await findCompany(tx, id);
    if (company === null) continue;
    ((await findCurrentScore(tx, id)) === null ? missing : scored).push(company);
  }
  const [first] = [...missing, ...scored];
  if (first === undefined)
    return {
      state: 'failed',
      name: 'The company',
      why: 'It is not here any more.',
      fix: 'Go back to the record in the CRM and look where it points to now.',
    };
  if (link.target.kind === 'pitch' && link.target.template !== null)
    return lookAtTemplate(tx, link, { company: first, template: link.target.template }, asking);
  if (link.target.kind === 'zip' && link.target.template)
    return lookAtTemplates(
      tx,
      link,
      { companies: [...scored, ...missing], template: link.target.template },
      asking,
    );
  const runId = link.runId ?? (await findMissing(tx, link, missing, asking));
  if (typeof runId === 'object' && runId !== null && scored.length === 0)
    return { state: 'failed', name: nameAll(missing), why: runId.message, fix: runId.fix ?? '' };
  const all = [...scored, ...missing];
  // Those with a score, too: while they are at work their pitch is still to come.
  const items =
    typeof runId === 'string'
      ? await findItems(
          tx,
          runId,
          all.map(({ id }) => id),
        )
      : [];
  const open = items.filter(({ state }) => state === 'queued' || state === 'working');
  const { spent } = asking;
  if (open.length > 0 && (spent === null || open.some(({ state }) => state === 'working'))) {
    const [item] = open;
    return {
      state: 'working',
      companies: all,
      ready: all.length - open.length,
      stage: item?.stage ?? null,
      begun: open.some(({ state, stage }) => state === 'working' || stage !== null),
    };
  }
  if (scored.length > 0)
    return { state: 'ready', documents: scored.map((company) => ({ company, pitch: null })) };
  if (spent !== null)
    return { state: 'failed', name: nameAll(missing), why: spent.message, fix: spent.fix ?? '' };
  return { state: 'failed', name: nameAll(missing), ...explain(items) };
}

/** The run for what has no score; null: nothing is missing; an error where none may be begun. */
async function findMissing(
  tx: Tx,
  link: OpenedLink,
  missing: readonly Company[],
  { queue, modelName, workspaceId, spent }: Asking,
): Promise<string | UserError | null> {
  const wanted = missing.filter(({ excludedBecause }) => excludedBecause === null);
  const [left] = missing;
  if (left === undefined) return null;
  if (wanted.length === 0)
    return new UserError(
      `${left.name} is left out: ${left.excludedBecause}.`,
      'Change it in the CRM, or have the exclusions of its connection changed.',
    );
  try {
    const domains = wanted.map(({ domain }) => domain);
    const startedBy = { via: 'crm', name: link.askedBy } as const;
    const { run } = await askForScores(tx, queue, {
      workspaceId,
      model: modelName,
      domains,
      startedBy,
      spent,
    });
    if (run !== null) await noteLinkRun(tx, link.tokenHash, run.id);
    return run?.id ?? null;
  } catch (error) {
    // Thrown before anything was written, so that the transaction stays good.
    if (error instanceof UserError) return error;
    throw error;
  }
}

function explain(items: readonly RunItem[]): { why: string; fix: string } {
  const failed = items.find(({ error }) => error !== null);
  if (failed?.error)
    return {
      why: failed.error,
      fix: 'Press the button again once that is over; the status page says what is down.',
    };
  return { why: 'The run was cancelled before it was scored.', fix: 'Press the button again.' };
}

function nameAll(companies: readonly Company[]): string {
  const [first] = companies;
  return companies.length === 1 && first !== undefined ? first.name : `${companies.length} companies`;
}
