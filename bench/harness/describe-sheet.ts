import type { Sheet } from '../../src/pipeline/6-pitch/sheet.ts';

/** What stands on a sheet, as plain as every PDF library can set it. */
type Block = {
  kind: 'title' | 'facts' | 'heading' | 'label' | 'quote' | 'text' | 'item' | 'small';
  text: string;
  href: string | null;
};
export type Page = { blocks: Block[]; footer: string; score: number; dial: string };
export type FontFiles = Record<'sans' | 'sans-bold' | 'serif' | 'serif-bold', string>;

/** A sheet → all of its text, in order, with its links. */
export function describeSheet(sheet: Sheet): Page {
  const blocks: Block[] = [];
  const add = (kind: Block['kind'], text: string, href: string | null = null): void => {
    blocks.push({ kind, text, href });
  };
  add('title', sheet.name);
  add('facts', [sheet.domain, ...sheet.facts].join(' · '), sheet.website);
  add('small', `Prepared for ${sheet.seller ?? 'you'} · as of ${sheet.score.asOf}`);
  add('heading', 'In short');
  if (sheet.summary.inOwnWords) add('quote', `“${sheet.summary.inOwnWords.quote}”`);
  add('text', sheet.summary.sentence);
  add('heading', 'Why this score');
  for (const reason of sheet.reasons) {
    add('label', `${reason.points.toFixed(1)}  ${reason.label}`);
    for (const { quote, source, note, href } of reason.proofs)
      add('quote', `“${quote}” [${source}]  ${note}`, href);
  }
  add('heading', 'Whom to talk to');
  for (const { title, contacts, traits } of sheet.personas) {
    add('label', title);
    for (const contact of contacts) add('text', `${contact.name}, ${contact.title}`);
    for (const { label, text } of traits) add('text', `${label}  ${text}`);
  }
  add('heading', 'Competitors');
  for (const { name, quote, source, note, href } of sheet.competitors) {
    add('label', name);
    add('quote', `“${quote}” [${source}]  ${note}`, href);
  }
  add('heading', 'The pitch');
  for (const { kind, text } of sheet.pitch?.parts ?? [])
    add(kind === 'head' ? 'label' : kind === 'item' ? 'item' : 'text', text);
  add('heading', 'Next step');
  add('text', sheet.pitch?.callToAction ?? '');
  add('heading', 'Sources');
  for (const { number, title, where, note, href } of sheet.sources)
    add('small', `${number}  ${title} · ${where} · ${note}`, href);
  return {
    blocks,
    footer: `${sheet.name} · Fieldnote · as of ${sheet.score.asOf}`,
    score: sheet.score.value ?? 0,
    dial: `${(sheet.score.value ?? 0).toFixed(1)} · band ${sheet.score.band ?? 'none'}`,
  };
}

const EVERY = 3;

/** The same sheet with every third word of five letters and more turned into one of the same length that nobody wrote before. */
export function writeOtherWords(sheet: Sheet, seed: number): Sheet {
  let count = seed;
  const turn = (text: string): string =>
    text.replaceAll(/\p{L}{5,}/gu, (word) => {
      count += 1;
      if (count % EVERY !== 0) return word;
      return word.replaceAll(/[a-z]/g, (letter, at: number) =>
        String.fromCharCode(97 + ((letter.charCodeAt(0) - 97 + seed * 7 + at * 3 + 1) % 26)),
      );
    });
  const shown = <T extends { quote: string }>(each: T): T => ({ ...each, quote: turn(each.quote) });
  return {
    ...sheet,
    name: turn(sheet.name),
    reasons: sheet.reasons.map((reason) => ({ ...reason, proofs: reason.proofs.map(shown) })),
    competitors: sheet.competitors.map(shown),
    pitch: sheet.pitch && {
      ...sheet.pitch,
      parts: sheet.pitch.parts.map((part) => ({ ...part, text: turn(part.text) })),
    },
    sources: sheet.sources.map((source) => ({ ...source, title: turn(source.title) })),
  };
}
