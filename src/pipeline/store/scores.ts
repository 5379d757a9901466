import type { Tx } from '../../db.ts';

/** Why a score is what it is: a signal with the points that it brought, or (`kind: 'start'`, no quote) where every company starts. */
export type Reason = {
  kind: string;
  label: string;
  /** One decimal; negative for what speaks against. */
  points: number;
  quote: string | null;
  url: string | null;
  sourceId: string | null;
  published: string | null;
};

export type StoredScore = {
  id: number;
  companyId: string;
  extractionId: string;
  model: string;
  modelVersion: string;
  /** ISO day. */
  asOf: string;
  status: 'scored' | 'not-enough-evidence';
  score: number | null;
  band: string | null;
  confidence: number;
  reasons: readonly Reason[];
  missing: readonly string[];
  why: string | null;
  scoredAt: Date;
};

const COLUMNS = `id, company_id as "companyId", extraction_id as "extractionId", model, model_version as "modelVersion",
  as_of as "asOf", status, score, band, confidence, reasons, missing, why, scored_at as "scoredAt"`;

export async function findCurrentScore(tx: Tx, companyId: string): Promise<StoredScore | null> {
  const { rows } = await tx.query<StoredScore>(
    `select ${COLUMNS} from scores where company_id = $1 and current`,
    [companyId],
  );
  return rows[0] ?? null;
}

/** What the company scored on the last day before the current score's on which it had one by the same model; null: never. */
export async function findScoreBefore(
  tx: Tx,
  { companyId, model, asOf }: StoredScore,
): Promise<number | null> {
  const { rows } = await tx.query<{ score: number | null }>(
    `select score from scores where company_id = $1 and model = $2 and as_of < $3 and score is not null and not current
     order by as_of desc, id desc limit 1`,
    [companyId, model, asOf],
  );
  return rows[0]?.score ?? null;
}

/** Stores a score and makes it current; what was current stays as history. Running twice stores it once. */
export async function saveScore(
  tx: Tx,
  workspaceId: string,
  score: Omit<StoredScore, 'id' | 'scoredAt'>,
): Promise<void> {
  await tx.query('update scores set current = false where company_id = $1 and current', [score.companyId]);
  await tx.query(
    `insert into scores (workspace_id, company_id, extraction_id, model, model_version, as_of, status, score, band,
       confidence, reasons, missing, why)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     on conflict (workspace_id, company_id, extraction_id, model, model_version, as_of) do update set
       status = excluded.status, score = excluded.score, band = excluded.band, confidence = excluded.confidence,
       reasons = excluded.reasons, missing = excluded.missing, why = excluded.why, current = true`,
    [
      workspaceId,
      score.companyId,
      score.extractionId,
      score.model,
      score.modelVersion,
      score.asOf,
      score.status,
      score.score,
      score.band,
      score.confidence,
      JSON.stringify(score.reasons),
      JSON.stringify(score.missing),
      score.why,
    ],
  );
}

/** A company in the ranking. */
export type RankedCompany = {
  companyId: string;
  domain: string;
  name: string;
  status: StoredScore['status'];
  score: number | null;
  band: string | null;
  confidence: number;
  reasons: readonly Reason[];
  why: string | null;
  method: 'llm' | 'phrases';
};

const RANKED = `select c.id as "companyId", c.domain, c.name, s.status, s.score, s.band, s.confidence, s.reasons, s.why, e.method
  from scores s join companies c on c.id = s.company_id and c.workspace_id = s.workspace_id
    join extractions e on e.id = s.extraction_id and e.workspace_id = s.workspace_id`;
const BY_RANK = `order by s.score desc nulls last, c.domain collate "C"`;

/** Companies by score, strongest first; those without a score last; ties by domain. */
export async function rankCompanies(
  tx: Tx,
  options: { runId?: string; limit?: number } = {},
): Promise<RankedCompany[]> {
  const { rows } = await tx.query<RankedCompany>(
    `${RANKED}
     where s.current and ($1::uuid is null or exists (
       select from run_items i where i.run_id = $1 and i.company_id = c.id))
     ${BY_RANK} limit $2`,
    [options.runId ?? null, options.limit ?? 1000],
  );
  return rows;
}

/**
 * All of them that are not left out, page by page in the same order, sorted once: as they stand when it begins, each company once, however many
 * there are and whatever is scored meanwhile.
 */
export async function* readRanking(tx: Tx, pageSize: number): AsyncGenerator<RankedCompany[]> {
  await tx.query(
    `declare ranking no scroll cursor for ${RANKED} where s.current and c.excluded_because is null ${BY_RANK}`,
  );
  for (;;) {
    const { rows } = await tx.query<RankedCompany>(`fetch ${pageSize} from ranking`);
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) return;
  }
}

/** Companies by band; `null` is not enough evidence. */
export async function countBands(
  tx: Tx,
  runId?: string,
): Promise<{ band: string | null; companies: number }[]> {
  const { rows } = await tx.query<{ band: string | null; companies: number }>(
    `select band, count(*) as companies from scores s
     where current and ($1::uuid is null or exists (
       select from run_items i where i.run_id = $1 and i.company_id = s.company_id and i.outcome is distinct from 'excluded'))
     group by band order by band nulls last`,
    [runId ?? null],
  );
  return rows;
}
