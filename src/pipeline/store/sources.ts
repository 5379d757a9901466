import type { Tx } from '../../db.ts';

export type SourceKind =
  | 'site'
  | 'docs'
  | 'jobs'
  | 'news'
  | 'funding'
  | 'filing'
  | 'review'
  | 'profile'
  | 'forum'
  | 'other';

/** A document that we read about a company. */
export type Source = {
  id: string;
  companyId: string;
  url: string;
  kind: SourceKind;
  title: string;
  text: string;
  /** ISO date; null when the document does not say. */
  published: string | null;
  fetchedAt: string;
  /** SHA-256 of the folded text, hex. */
  contentHash: string;
  /** 0–1: own site and filings above press above forums. */
  credibility: number;
  /** 0–1: how much readable text about the company it holds. */
  quality: number;
};

/** A page that could not be read, and why. */
export type UnreadPage = { url: string; reason: string; detail: string };

const COLUMNS = `id, company_id as "companyId", url, kind, title, text, published, fetched_at as "fetchedAt",
  content_hash as "contentHash", credibility, quality`;

/** The company's current sources in canonical order (kind, url), so that the same content gives the same prompt. */
export async function listSources(tx: Tx, companyId: string): Promise<Source[]> {
  const { rows } = await tx.query<Omit<Source, 'fetchedAt'> & { fetchedAt: Date }>(
    `select ${COLUMNS} from sources where company_id = $1 and current order by kind, url collate "C"`,
    [companyId],
  );
  return rows.map((row) => ({ ...row, fetchedAt: row.fetchedAt.toISOString() }));
}

/**
 * Makes these the company's current sources. What is unchanged keeps its id; what is gone stays stored, since quotes
 * refer to it, but is no longer current.
 */
export async function replaceSources(
  tx: Tx,
  workspaceId: string,
  companyId: string,
  sources: readonly Omit<Source, 'id' | 'companyId'>[],
): Promise<void> {
  await tx.query('update sources set current = false where company_id = $1 and current', [companyId]);
  await tx.query(
    `insert into sources (workspace_id, company_id, url, kind, title, text, published, fetched_at, content_hash, credibility, quality)
     select $1, $2, url, kind, title, text, published, "fetchedAt", "contentHash", credibility, quality
     from jsonb_to_recordset($3) as s(url text, kind text, title text, text text, published date, "fetchedAt" timestamptz,
       "contentHash" text, credibility real, quality real)
     on conflict (workspace_id, company_id, url, content_hash) do update set
       current = true, kind = excluded.kind, title = excluded.title, published = excluded.published,
       fetched_at = excluded.fetched_at, credibility = excluded.credibility, quality = excluded.quality`,
    [workspaceId, companyId, JSON.stringify(sources)],
  );
}

/** Notes the pages that could not be read in the last research. */
export async function replaceUnreadPages(
  tx: Tx,
  workspaceId: string,
  companyId: string,
  pages: readonly UnreadPage[],
): Promise<void> {
  await tx.query('delete from unread_pages where company_id = $1', [companyId]);
  if (pages.length === 0) return;
  await tx.query(
    `insert into unread_pages (workspace_id, company_id, url, reason, detail)
     select $1, $2, url, reason, detail from jsonb_to_recordset($3) as page(url text, reason text, detail text)
     on conflict do nothing`,
    [workspaceId, companyId, JSON.stringify(pages)],
  );
}

export async function listUnreadPages(tx: Tx, companyId: string): Promise<UnreadPage[]> {
  const { rows } = await tx.query<UnreadPage>(
    'select url, reason, detail from unread_pages where company_id = $1 order by url',
    [companyId],
  );
  return rows;
}
