/** A quote and the number of its source; `href` opens the page at the quote. */
export type ShownQuote = { quote: string; source: number; href: string | null; note: string };

/** One kind of signal: what it brought together, and its quotes. `points` of a quote is null where it stands alone. */
export type ShownReason = {
  label: string;
  points: number;
  proofs: (ShownQuote & { points: number | null })[];
  /** Quotes that were left out for length. */
  more: number;
};

export type ShownPersona = {
  title: string;
  contacts: { name: string; title: string }[];
  /** Inferred from the role; no facts. */
  traits: { label: string; text: string }[];
};

/**
 * A line of the pitch's text; `under` belongs to the item before it, `joined` stands close to the line before it. Marks such as
 * [2] are numbers of the sheet's sources.
 */
export type ShownPart = { kind: 'head' | 'text' | 'item' | 'under'; text: string; joined: boolean };

export type ShownSource = {
  number: number;
  title: string;
  /** Short, for the eye. */
  where: string;
  href: string | null;
  /** Kind, day of publication, day of reading. */
  note: string;
};

/**
 * What a pitch PDF shows: plain data, cleaned and cut to size, its sources numbered in the order in which they are first cited. The
 * same sheet gives the same bytes.
 */
export type Sheet = {
  name: string;
  domain: string;
  website: string | null;
  /** Industry, employees, country. */
  facts: string[];
  /** On whose behalf it is written; null: nobody said. */
  seller: string | null;
  /** Our page about the company. */
  page: string | null;
  score: {
    value: number | null;
    band: string | null;
    /** 0–1. */
    confidence: number;
    /** "20 Oct 2026". */
    asOf: string;
    model: string;
    /** Why there is no score. */
    why: string | null;
    /** Where every company starts. */
    start: number | null;
  };
  summary: { inOwnWords: ShownQuote | null; sentence: string };
  reasons: ShownReason[];
  /** Kinds of signals that were left out for length, and what they brought together. */
  moreReasons: { count: number; points: number } | null;
  /** What nothing was found about. */
  missing: string[];
  personas: ShownPersona[];
  competitors: (ShownQuote & { name: string })[];
  moreCompetitors: number;
  pitch: { parts: ShownPart[]; shortened: boolean; callToAction: string; note: string } | null;
  sources: ShownSource[];
  /** When the youngest part of it came to be: the document's date. */
  made: Date;
};
