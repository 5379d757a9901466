import type { Tx } from '../../db.ts';
import type { Signal } from './signals.ts';

/** A rival of the company, with the sentence that says so. */
export type Competitor = {
  name: string;
  domain: string | null;
  quote: string;
  sourceId: string;
  url: string;
};

/** What was read out of a company's sources, once. */
export type Extraction = {
  id: string;
  companyId: string;
  inputHash: string;
  method: 'llm' | 'phrases';
  /** Why the phrase matcher read although an LLM is configured; null otherwise. */
  methodBecause: string | null;
  textModel: string | null;
  /** The company in quotes and inferences; its shape is 3-extract's. */
  overview: unknown;
  /** Buyer roles that the reader expects, inferred; their shape is 3-extract's. */
  personas: unknown;
  /** Sentences in the sources that try to instruct their reader. */
  flagged: readonly { sourceId: string; url: string; sentence: string }[];
  /** What the quote check refused. */
  dropped: readonly { what: string; reason: string; said: string }[];
  extractedAt: Date;
};

export type ExtractionInput = Omit<Extraction, 'id' | 'extractedAt'> & {
  signals: readonly Signal[];
  competitors: readonly Competitor[];
};

const COLUMNS = `id, company_id as "companyId", input_hash as "inputHash", method, method_because as "methodBecause",
  text_model as "textModel", overview, personas, flagged, dropped, extracted_at as "extractedAt"`;

/** The extraction that was made from exactly this input, if there is one; it becomes the current one. */
export async function reuseExtraction(
  tx: Tx,
  companyId: string,
  inputHash: string,
): Promise<Extraction | null> {
  const { rows } = await tx.query<Extraction & { current: boolean }>(
    `select ${COLUMNS}, current from extractions where company_id = $1 and input_hash = $2`,
    [companyId, inputHash],
  );
  const found = rows[0];
  if (found === undefined) return null;
  if (!found.current) {
    await tx.query(
      'update extractions set current = (id = $2) where company_id = $1 and (current or id = $2)',
      [companyId, found.id],
    );
  }
  return found;
}

export async function findCurrentExtraction(tx: Tx, companyId: string): Promise<Extraction | null> {
  const { rows } = await tx.query<Extraction>(
    `select ${COLUMNS} from extractions where company_id = $1 and current`,
    [companyId],
  );
  return rows[0] ?? null;
}

/** Stores what was read, with its signals and competitors, and makes it current. Running twice stores it once. */
export async function saveExtraction(tx: Tx, workspaceId: string, input: ExtractionInput): Promise<string> {
  await tx.query('update extractions set current = false where company_id = $1 and current', [
    input.companyId,
  ]);
  const { rows } = await tx.query<{ id: string }>(
    `insert into extractions (workspace_id, company_id, input_hash, method, method_because, text_model, overview, dropped,
       personas, flagged)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (workspace_id, company_id, input_hash) do update set
       method = excluded.method, method_because = excluded.method_because, text_model = excluded.text_model,
       overview = excluded.overview, dropped = excluded.dropped, personas = excluded.personas,
       flagged = excluded.flagged, current = true, extracted_at = now()
     returning id`,
    [
      workspaceId,
      input.companyId,
      input.inputHash,
      input.method,
      input.methodBecause,
      input.textModel,
      JSON.stringify(input.overview),
      JSON.stringify(input.dropped),
      JSON.stringify(input.personas),
      JSON.stringify(input.flagged),
    ],
  );
  const id = rows[0]?.id;
  if (id === undefined) throw new Error('the extraction was not stored');
  await tx.query('delete from signals where extraction_id = $1', [id]);
  await tx.query('delete from competitors where extraction_id = $1', [id]);
  await tx.query(
    `insert into signals (workspace_id, company_id, extraction_id, kind, strength, confidence, quote, source_id)
     select $1, $2, $3, kind, strength, confidence, quote, "sourceId"
     from jsonb_to_recordset($4) as s(kind text, strength real, confidence real, quote text, "sourceId" uuid)`,
    [workspaceId, input.companyId, id, JSON.stringify(input.signals)],
  );
  await tx.query(
    `insert into competitors (workspace_id, company_id, extraction_id, name, domain, quote, source_id)
     select $1, $2, $3, name, domain, quote, "sourceId"
     from jsonb_to_recordset($4) as c(name text, domain text, quote text, "sourceId" uuid) on conflict do nothing`,
    [workspaceId, input.companyId, id, JSON.stringify(input.competitors)],
  );
  return id;
}

/** The signals of an extraction, each with its source's address and date. */
export async function listSignals(tx: Tx, extractionId: string): Promise<Signal[]> {
  const { rows } = await tx.query<Signal>(
    `select g.kind, g.strength, g.confidence, g.quote, g.source_id as "sourceId", s.url, s.published
     from signals g join sources s on s.id = g.source_id and s.workspace_id = g.workspace_id
     where g.extraction_id = $1 order by g.id`,
    [extractionId],
  );
  return rows;
}

export async function listCompetitors(tx: Tx, extractionId: string): Promise<Competitor[]> {
  const { rows } = await tx.query<Competitor>(
    `select c.name, c.domain, c.quote, c.source_id as "sourceId", s.url
     from competitors c join sources s on s.id = c.source_id and s.workspace_id = c.workspace_id
     where c.extraction_id = $1 order by c.name collate "C"`,
    [extractionId],
  );
  return rows;
}
