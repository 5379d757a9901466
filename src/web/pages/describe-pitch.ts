import { splitSources } from '../../pipeline/apply-edits.ts';
import type { ShownPitch } from '../../pipeline/apply-edits.ts';
import { describeCuts } from './describe-cuts.ts';
import { describeMoment } from './format.ts';
import { linkToQuote, shortenUrl } from '../../pipeline/link.ts';
import { nameEdits } from '../../pipeline/name-edits.ts';
import { nameWriter } from '../../pipeline/name-writer.ts';

type Segment = { text: string; cite: string | null };

/** A pitch with its [n] marks turned into links to the numbered sources below it, and what was cut of it. */
export function describePitch(pitch: ShownPitch, cuts: readonly { text: string; reason: string }[]) {
  const { body, own } = splitSources(pitch.text);
  const numbers = new Set(pitch.citations.map(({ number }) => String(number)));
  return {
    template: pitch.template,
    version: pitch.version,
    method: nameWriter(pitch),
    // What a person wrote is not checked against sources.
    edits: nameEdits(pitch.edited),
    writtenAt: describeMoment(pitch.writtenAt),
    cut: pitch.cut,
    cutLabel:
      pitch.cut === 1
        ? '1 sentence that no source proves was cut.'
        : `${pitch.cut} sentences that no source proves were cut.`,
    cuts: describeCuts(cuts),
    keyPoints: pitch.keyPoints.map((point) => splitCitations(point, numbers)),
    callToAction: splitCitations(pitch.callToAction, numbers),
    // The sources stand below it by themselves; what the seller says of itself has none.
    paragraphs: [body, ...[...own].map(([mark, quote]) => `[${mark}] “${quote}” our own`)]
      .join('\n\n')
      .split(/\n\s*\n/)
      .filter((paragraph) => paragraph.trim() !== '')
      .map((paragraph) => splitCitations(paragraph.trim(), numbers)),
    citations: pitch.citations.map(({ number, quote, url }) => ({
      number,
      quote,
      href: linkToQuote(url, quote),
      source: shortenUrl(url),
    })),
  };
}

/** "We saw it [2]." → text, mark 2, text. A number in brackets that cites nothing stays text. */
function splitCitations(text: string, numbers: ReadonlySet<string>): Segment[] {
  return text
    .split(/(\[\d{1,3}\])/)
    .filter((part) => part !== '')
    .map((part) => {
      const number = /^\[(\d+)\]$/.exec(part)?.[1];
      return number !== undefined && numbers.has(number)
        ? { text: number, cite: number }
        : { text: part, cite: null };
    });
}
