import type { Database } from '../db.ts';
import { UserError } from '../errors.ts';
import { findCompany } from './store/companies.ts';
import { findCurrentExtraction, listCompetitors } from './store/extractions.ts';
import { listPersonas } from './store/personas.ts';
import type { Persona } from './store/personas.ts';
import { nameEdits } from './name-edits.ts';
import { readCurrentPitch } from './read-pitch.ts';
import { findCurrentScore } from './store/scores.ts';
import { sumUsage } from './store/usage.ts';

/** Everything known about one company, as `fieldnote score --json` prints it. */
export type ScoreCard = {
  domain: string;
  name: string;
  score: number | null;
  band: string | null;
  /** 0–1. */
  confidence: number;
  status: 'scored' | 'not-enough-evidence';
  why: string | null;
  model: string;
  modelVersion: string;
  scoredAt: string;
  reasons: {
    kind: string;
    label: string;
    points: number;
    quote: string | null;
    url: string | null;
    published: string | null;
  }[];
  missing: readonly string[];
  personas: readonly Persona[];
  competitors: { name: string; domain: string | null; quote: string; url: string }[];
  pitch: {
    keyPoints: readonly string[];
    callToAction: string;
    text: string;
    /** Whose words stand in it, a line each; empty: nobody edited it. */
    edits: readonly string[];
  } | null;
  cost: { usd: number; searchCredits: number; promptTokens: number; completionTokens: number };
  method: 'llm' | 'phrases';
};

/** Reads a company's stored result. Throws UserError when it was never scored. */
export async function readScoreCard(
  db: Database,
  workspaceId: string,
  companyId: string,
): Promise<ScoreCard> {
  return db.inWorkspace(workspaceId, async (tx) => {
    const company = await findCompany(tx, companyId);
    const score = await findCurrentScore(tx, companyId);
    const extraction = await findCurrentExtraction(tx, companyId);
    if (company === null || score === null || extraction === null)
      throw new UserError('This company was not scored yet', 'Run "fieldnote score DOMAIN".');
    const usage = await sumUsage(tx, { companyId });
    const sum = (pick: (row: (typeof usage)[number]) => number): number =>
      usage.reduce((total, row) => total + pick(row), 0);
    // What was inferred and written while there was evidence must not outlive it.
    const isScored = score.status === 'scored';
    const pitch = isScored ? await readCurrentPitch(tx, companyId) : null;
    return {
      domain: company.domain,
      name: company.name,
      score: score.score,
      band: score.band,
      confidence: score.confidence,
      status: score.status,
      why: score.why,
      model: score.model,
      modelVersion: score.modelVersion,
      scoredAt: score.scoredAt.toISOString(),
      reasons: score.reasons.map(({ kind, label, points, quote, url, published }) => ({
        kind,
        label,
        points,
        quote,
        url,
        published,
      })),
      missing: score.missing,
      personas: isScored ? await listPersonas(tx, companyId) : [],
      competitors: (await listCompetitors(tx, extraction.id)).map(({ name, domain, quote, url }) => ({
        name,
        domain,
        quote,
        url,
      })),
      pitch:
        pitch === null
          ? null
          : {
              keyPoints: pitch.keyPoints,
              callToAction: pitch.callToAction,
              text: pitch.text,
              edits: nameEdits(pitch.edited),
            },
      cost: {
        usd: sum((row) => row.usd),
        searchCredits: sum((row) => row.searchCredits),
        promptTokens: sum((row) => row.promptTokens),
        completionTokens: sum((row) => row.completionTokens),
      },
      method: extraction.method,
    };
  });
}
