import type { Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import type { Queue } from './queue/queue.ts';
import { startRunWithin } from './runs.ts';
import { ensureCompany, findCompanyByDomain } from './store/companies.ts';
import type { Company } from './store/companies.ts';
import type { Run, Starter } from './store/runs.ts';
import { findCurrentScore } from './store/scores.ts';

// A stored score answers at once while it is younger than the slowest facts that it rests on (seven days).
const FRESH_MS = 7 * 86_400_000;

/** Is it too old to answer at once? */
export function isStale(scoredAt: Date, now = Date.now()): boolean {
  return now - scoredAt.getTime() >= FRESH_MS;
}

export type ScoresAsked = {
  companies: Company[];
  /** The run that finds out what is not stored; null: every answer is there. */
  run: Run | null;
};

/**
 * A person asks for the scores of these domains. What is stored and fresh answers at once; for the rest, which may be in no CRM, a run
 * starts that overtakes batch work, in the caller's transaction.
 * @throws UserError where a company is left out, and `spent` where something would have to be begun that costs
 */
export async function askForScores(
  tx: Tx,
  queue: Queue,
  request: {
    workspaceId: string;
    model: string;
    domains: readonly string[];
    refresh?: boolean;
    startedBy: Starter;
    /** Why nothing that costs may be begun; null: it may. */
    spent: UserError | null;
  },
): Promise<ScoresAsked> {
  const { workspaceId, model, domains, refresh = false, startedBy } = request;
  const known: Company[] = [];
  const missing: string[] = [];
  for (const domain of new Set(domains)) {
    const company = await findCompanyByDomain(tx, domain);
    if (company !== null && company.excludedBecause !== null)
      throw new UserError(
        `${domain} is left out: ${company.excludedBecause}`,
        'Change it in the CRM, or the exclusions of its connection ("fieldnote connect … --show" and "--set"), then sync.',
      );
    const score = company === null ? null : await findCurrentScore(tx, company.id);
    if (company !== null && score !== null && !isStale(score.scoredAt) && !refresh) known.push(company);
    else missing.push(domain);
  }
  if (missing.length === 0) return { companies: known, run: null };
  if (request.spent !== null) throw request.spent;
  const made: Company[] = [];
  // In one order everywhere, so that no two who ask for new companies wait for each other in a circle.
  for (const domain of missing.toSorted()) made.push(await ensureCompany(tx, workspaceId, { domain }));
  const run = await startRunWithin(tx, queue, {
    workspaceId,
    kind: 'interactive',
    model,
    refresh,
    startedBy,
    companyIds: made.map(({ id }) => id),
  });
  const byDomain = new Map([...known, ...made].map((company) => [company.domain, company]));
  return { companies: [...new Set(domains)].flatMap((domain) => byDomain.get(domain) ?? []), run };
}
