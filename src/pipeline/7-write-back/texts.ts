import { linksOfPeople } from '../apply-edits.ts';
import type { ShownPitch } from '../apply-edits.ts';
import { nameEdits } from '../name-edits.ts';
import type { Persona } from '../store/personas.ts';
import { cleanLine, cleanText, removeStrangeLinks } from '../plain-text.ts';

/** Texts for CRM fields: plain, deterministic, at most `limit` characters (UTF-16), cut between entries, then between sentences. */

/** Where the rest can be read; stands at the end of a text that had to be cut. */
export type TextLimit = { limit: number; moreAt: string };

export type ScoreText = {
  status: 'scored' | 'not-enough-evidence';
  score: number | null;
  band: string | null;
  /** 0–1. */
  confidence: number;
  reasons: readonly { label: string; points: number; quote: string | null; url: string | null }[];
  missing: readonly string[];
  why: string | null;
};

/** A score → the reasons behind it, strongest first, each with its points, quote and address; or why there is none. */
export function describeWhy(score: ScoreText, at: TextLimit): string {
  if (score.status !== 'scored' || score.score === null) {
    const why = cleanLine(score.why ?? 'Nothing could be read about this company.');
    return fit([`Not enough evidence for a score. ${why}`], addressesIn(why), at);
  }
  const urls = score.reasons.flatMap(({ url }) => (url === null ? [] : [url]));
  const head = `Score ${formatPoints(score.score)} of 100${score.band === null ? '' : ` (band ${score.band})`}, confidence ${Math.round(score.confidence * 100)} %. The points add up to the score.`;
  const entries = score.reasons.map(({ label, points, quote, url }) => {
    const claim = `${points > 0 ? '+' : points < 0 ? '−' : ''}${formatPoints(Math.abs(points))} ${cleanLine(label)}`;
    return quote === null || url === null ? claim : `${claim}: “${cleanLine(quote)}” ${cleanLine(url)}`;
  });
  const missing =
    score.missing.length === 0 ? [] : [`Not found, so unknown: ${score.missing.map(cleanLine).join(', ')}.`];
  return fit([head, ...entries, ...missing], urls, at);
}

/** Competitors → one line each: name, domain where known, and the sentence that names them with its address. */
export function describeCompetitors(
  competitors: readonly { name: string; domain: string | null; quote: string; url: string }[],
  at: TextLimit,
): string | null {
  if (competitors.length === 0) return null;
  const urls = competitors.map(({ url }) => url);
  const entries = competitors.map(({ name, domain, quote, url }) => {
    const named = `${cleanLine(name)}${domain === null ? '' : ` (${cleanLine(domain)})`}`;
    return `${named}: “${cleanLine(quote)}” ${cleanLine(url)}`;
  });
  return fit(entries, urls, at);
}

/** Buying signals come each with quote and address: “…” (https://…). */
type PersonaText = Omit<Persona, 'role' | 'matches'> & {
  /** People of the CRM whose record this text is written to. */
  contacts: readonly { name: string; title: string }[];
};

/** Personas → one block each; what is inferred says so. */
export function describePersonas(personas: readonly PersonaText[], at: TextLimit): string | null {
  if (personas.length === 0) return null;
  const blocks = personas.map((persona, index) => {
    const list = (items: readonly string[]): string =>
      items.map((item) => cleanLine(item).replace(/\.$/, '')).join('; ');
    const people = uniqueBy(persona.contacts, ({ name }) => name).map(
      ({ name, title }) => `${cleanLine(name)} (${cleanLine(title)})`,
    );
    const lines = [
      `${index + 1}. ${cleanLine(persona.title)}`,
      `Contacts: ${people.length === 0 ? 'none with such a title in this CRM' : people.join(', ')}`,
      ...(persona.pains.length > 0 ? [`Pains (inferred): ${list(persona.pains)}`] : []),
      ...(persona.motives.length > 0 ? [`Motives (inferred): ${list(persona.motives)}`] : []),
      ...(persona.style === '' ? [] : [`Style (inferred): ${cleanLine(persona.style)}`]),
      ...(persona.decisionFactors.length > 0
        ? [`Decides by (inferred): ${list(persona.decisionFactors)}`]
        : []),
      ...persona.buyingSignals.map((signal) => `Buying signal: ${cleanLine(signal)}`),
    ];
    return lines.join('\n');
  });
  return fit(
    blocks,
    personas.flatMap(({ buyingSignals }) => buyingSignals.map(sourceOf)),
    at,
    '\n\n',
  );
}

/** A pitch → key points, call to action, whose words stand there in place of ours, and full text, in this order. */
export function describePitch(
  pitch: Pick<ShownPitch, 'keyPoints' | 'callToAction' | 'text' | 'edited'> & {
    citations: readonly { url: string }[];
  },
  at: TextLimit,
): string {
  const urls = [...pitch.citations.map(({ url }) => url), ...linksOfPeople(pitch)];
  const clean = (text: string): string => cleanText(text).trim();
  const points = pitch.keyPoints.map((point) => `- ${clean(point)}`);
  const edits = nameEdits(pitch.edited);
  const parts = [
    ...(points.length > 0 ? [`Key points\n${points.join('\n')}`] : []),
    ...(pitch.callToAction === '' ? [] : [`Call to action\n${clean(pitch.callToAction)}`]),
    ...edits.map((edit) => clean(edit.slice(0, 1).toUpperCase() + edit.slice(1))),
    clean(pitch.text),
  ];
  return fit(parts, urls, at, '\n\n');
}

/** The entries without addresses other than `urls`, as many as fit; the first that does not is cut between sentences, and the text ends with where the rest is. */
function fit(
  written: readonly string[],
  urls: readonly string[],
  { limit, moreAt }: TextLimit,
  join = '\n',
): string {
  const entries = written.map((entry) => removeStrangeLinks(entry, urls));
  const whole = entries.join(join);
  if (whole.length <= limit) return whole;
  const more = `${join}More: ${moreAt}`;
  const room = limit - more.length;
  // Where not even the address of the rest fits, the field is too small for any of it.
  if (room < 1) return cutAtSentence(whole, limit);
  let text = '';
  for (const entry of entries) {
    const next = text === '' ? entry : `${text}${join}${entry}`;
    if (next.length <= room) {
      text = next;
      continue;
    }
    const left = room - text.length - (text === '' ? 0 : join.length);
    const cut = cutAtSentence(entry, left);
    if (cut !== '') text = text === '' ? cut : `${text}${join}${cut}`;
    break;
  }
  return text === '' ? more.trim() : text + more;
}

/** The longest beginning that ends with a line or a sentence; nothing where there is none, since half a quote can lie. */
function cutAtSentence(text: string, length: number): string {
  if (text.length <= length) return text;
  const window = text.slice(0, Math.max(0, length));
  let end = 0;
  for (const match of window.matchAll(/[.!?。]["”’)]*(?=\s)(?!\s+\S*[a-z])|\n/gu)) {
    if (!isInsideQuote(text, match.index)) end = match.index + match[0].length;
  }
  return window.slice(0, end).trim();
}

function isInsideQuote(text: string, at: number): boolean {
  const before = text.slice(0, at + 1);
  return before.lastIndexOf('“') > before.lastIndexOf('”') && !/^[.!?。]”/u.test(text.slice(at));
}

/** The address at the end of a buying signal. */
function sourceOf(signal: string): string {
  return /\((https?:\/\/[^\s)]+)\)$/.exec(signal)?.[1] ?? '';
}

/** Pages that could not be read are named with their address, which is ours to show. */
function addressesIn(text: string): string[] {
  return [...text.matchAll(/https?:\/\/[^\s,)]+/g)].map(([url]) => url);
}

/** 7.5, 12, 0.3 */
function formatPoints(points: number): string {
  return String(Math.round(points * 10) / 10);
}

function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return items.filter((item, index) => items.findIndex((other) => key(other) === key(item)) === index);
}
