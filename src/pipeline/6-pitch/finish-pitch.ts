import { removeStrangeLinks } from '../plain-text.ts';
import type { Citation } from '../store/pitches.ts';
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
}): FinishedPitch {
  const { template, rendered, passages, citations, own = [] } = options;
  const urls = citations.map(({ url }) => url);
  const known = new Set(citations.map(({ number }) => number));
  const prove = (text: string): string =>
    removeStrangeLinks(text, urls).replaceAll(/ ?\[(S?)(\d+)\]/g, (mark, of: string, number: string) =>
      (of === 'S' ? Number(number) <= own.length : known.has(Number(number))) ? mark : '',
    );
  const filled = fillPassages(rendered, passages?.texts ?? new Map());
  const body = prove(filled.text);
  const cited = citations.filter(({ number }) => body.includes(`[${number}]`));
  const sources = cited.map(
    ({ number, quote, url }) => `[${number}] “${removeStrangeLinks(quote, urls)}” ${url}`,
  );
  for (const [index, text] of own.entries())
    if (body.includes(`[S${index + 1}]`))
      sources.push(`[S${index + 1}] “${removeStrangeLinks(text, urls)}” our own`);
  return {
    template: template.name,
    keyPoints: filled.keyPoints.map(prove),
    callToAction: prove(filled.callToAction),
    text: sources.length === 0 ? body : `${body}\n\nSources\n${sources.join('\n')}`,
    citations: cited,
    cut: passages?.cut.length ?? 0,
    method: passages !== null && passages.texts.size > 0 ? 'llm' : 'phrases',
  };
}
