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
