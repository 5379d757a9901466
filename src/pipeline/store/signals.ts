/** A typed claim about a company with strength, a verbatim quote and its source. */
export type Signal = {
  /** Key of a signal kind of the scoring model. */
  kind: string;
  /** 0–1: how strongly the quote says it. */
  strength: number;
  /** 0–1: how sure we are that it is meant. */
  confidence: number;
  /** Verbatim from the source after whitespace folding. */
  quote: string;
  sourceId: string;
  url: string;
  /** ISO date of the source; null when unknown (then the fetch date counts). */
  published: string | null;
};
