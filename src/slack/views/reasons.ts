import type { RichTextBlockElement, RichTextElement } from '@slack/types';
import { formatDay, formatPoints } from '../../pipeline/format.ts';
import { linkToQuote } from '../../pipeline/link.ts';
import { line, link, linkable, quote, text } from './blocks.ts';
import { cutLine } from './text.ts';
import type { CardData } from './types.ts';

type Reason = CardData['reasons'][number] & { quote: string };
/** All that one kind of signal brought, with its strongest quote. */
export type Step = { kind: string; label: string; points: number; best: Reason; quotes: number };

/** Reasons with a quote → one step a kind, the one that moved the score most first. */
export function findSteps(reasons: CardData['reasons']): Step[] {
  const quoted = reasons.filter((reason): reason is Reason => reason.quote !== null);
  const steps = [...Map.groupBy(quoted, ({ kind }) => kind).entries()].map(([kind, members]) => {
    // In tenths: sums of 0.1 drift.
    const points = members.reduce((sum, member) => sum + Math.round(member.points * 10), 0) / 10;
    const [best] = members.toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points));
    return best === undefined ? [] : [{ kind, label: best.label, points, best, quotes: members.length }];
  });
  return steps.flat().toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points));
}

/**
 * The steps that a card shows: the strongest, and always the strongest one against, where there is one: who only hears what speaks
 * for a company is badly prepared.
 */
export function pickSteps(steps: readonly Step[], most: number): Step[] {
  const picked = steps.slice(0, most);
  const against = steps.find(({ points }) => points < 0);
  if (against === undefined || picked.includes(against)) return picked;
  return [...picked.slice(0, Math.max(1, most - 1)), against];
}

/** A step as two lines: its points and label, then the quote with its source and date. */
export function showStep(step: Step, size: { quote: number; link: number }): RichTextBlockElement[] {
  return [
    line(
      text(`${formatPoints(step.points)}  ${cutLine(step.label, 80)}`, 'bold'),
      text(step.quotes > 1 ? `  (best of ${step.quotes} quotes)` : ''),
    ),
    quote(text(`“${cutLine(step.best.quote, size.quote)}” `), ...showSource(step.best, size.link)),
  ];
}

/** "techcrunch.com, 3 Mar 2026" with the host as a link that opens the page at the quote. */
export function showSource(
  source: { url: string | null; quote: string; published?: string | null },
  length: number,
): RichTextElement[] {
  const day = source.published === undefined ? '' : describeDay(source.published);
  const href = source.url === null ? null : linkable(source.url, length);
  if (href === null) return [text(`source in Fieldnote${day}`)];
  const atQuote = linkToQuote(href, source.quote);
  const host = cutLine(new URL(href).hostname.replace(/^www\./, ''), 60);
  return [link(atQuote !== null && atQuote.length <= length ? atQuote : href, host, length), text(day)];
}

function describeDay(published: string | null): string {
  return published === null ? ', undated' : `, ${cutLine(formatDay(published), 30)}`;
}
