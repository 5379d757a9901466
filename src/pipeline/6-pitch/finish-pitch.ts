import { removeStrangeLinks } from '../plain-text.ts';
import type { Citation } from '../store/pitches.ts';
import { claimsWhatIsNot } from './check-sentence.ts';
import { fillPassages, type Rendered } from './render-template.ts';
import type { TemplateEntry } from './template-library.ts';
import type { JudgedPassages } from './write-passages.ts';

export type FinishedPitch = {
  template: string;
  keyPoints: string[];
  callToAction: string;
  /** Full text with the list of its sources. */
  text: string;
  /** The sources that the text cites. */
  citations: Citation[];
  /** Sentences that could not be proven and were cut. */
  cut: number;
  /** Those among them that say what the seller never claims, and stood in the template's own words. */
  forbidden: { text: string; reason: string }[];
  method: 'llm' | 'phrases';
};

/**
 * A rendered template and the passages that were proven (null: no text model) → the pitch. Below the text stand the sources that it
 * cites, each with its quote and address; a mark without a source is taken out. No address but those of the sources remains.
 */
export function finishPitch(options: {
  template: Pick<TemplateEntry, 'name'>;
  rendered: Rendered;
  passages: JudgedPassages | null;
  citations: readonly Citation[];
  /** What the seller says of itself, S1 first. */
  own?: readonly string[];
  /** What the seller never claims: the template's own words and what was inferred may not say it either. */
  neverClaim?: readonly string[];
}): FinishedPitch {
  const { template, rendered, passages, citations, own = [], neverClaim = [] } = options;
  const forbidden = new Set<string>();
  const keep = (text: string): string => dropClaims(text, neverClaim, forbidden);
  const urls = citations.map(({ url }) => url);
  const known = new Set(citations.map(({ number }) => number));
  const prove = (text: string): string =>
    removeStrangeLinks(text, urls).replaceAll(/ ?\[(S?)(\d+)\]/g, (mark, of: string, number: string) =>
      (of === 'S' ? Number(number) <= own.length : known.has(Number(number))) ? mark : '',
    );
  const filled = fillPassages(rendered, passages?.texts ?? new Map());
  const body = prove(keep(filled.text));
  const cited = citations.filter(({ number }) => body.includes(`[${number}]`));
  const sources = cited.map(
    ({ number, quote, url }) => `[${number}] “${removeStrangeLinks(quote, urls)}” ${url}`,
  );
  for (const [index, text] of own.entries())
    if (body.includes(`[S${index + 1}]`))
      sources.push(`[S${index + 1}] “${removeStrangeLinks(text, urls)}” our own`);
  return {
    template: template.name,
    keyPoints: filled.keyPoints
      .map(keep)
      .filter((point) => point !== '')
      .map(prove),
    callToAction: prove(keep(filled.callToAction)),
    text: sources.length === 0 ? body : `${body}\n\nSources\n${sources.join('\n')}`,
    citations: cited,
    cut: (passages?.cut.length ?? 0) + forbidden.size,
    forbidden: [...forbidden].map((text) => ({ text, reason: 'never-claimed' })),
    method: passages !== null && passages.texts.size > 0 ? 'llm' : 'phrases',
  };
}

/** What stands in quotes is somebody else's: a company may say of itself that it is cheapest. */
const QUOTED = /“[^”]*”/gu;

/** Takes out each sentence that says what the seller never claims; a line that had nothing else goes with it. */
function dropClaims(text: string, neverClaim: readonly string[], dropped: Set<string>): string {
  if (neverClaim.length === 0) return text;
  const lines = text.split('\n').flatMap((line) => {
    const quotes: string[] = [];
    // A quote may hold several sentences, and none of them ends ours.
    const bare = line.replaceAll(QUOTED, (quote) => `“${quotes.push(quote) - 1}”`);
    const restore = (part: string): string =>
      part.replaceAll(/“(\d+)”/gu, (mark, index: string) => quotes[Number(index)] ?? mark);
    const kept = bare.split(/(?<=[.!?])\s+/u).filter((sentence) => {
      if (!claimsWhatIsNot(sentence.replaceAll(QUOTED, ' '), neverClaim)) return true;
      dropped.add(restore(sentence).trim().replace(/^- /, ''));
      return false;
    });
    const left = restore(kept.join(' '));
    return left.trim() === '' && line.trim() !== '' ? [] : [left];
  });
  return lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}
