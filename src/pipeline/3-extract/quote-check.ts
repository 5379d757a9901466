import type { ScoringModel } from '../scoring-model.ts';
import type { Source } from '../store/sources.ts';
import { type Claim, findClaims } from './find-signals.ts';
import { isInstruction } from './instructions.ts';
import { loosenPhrases } from './loosen-phrases.ts';
import { isAboutNamesake } from './namesake.ts';
import { placeQuote, placeSentences, type Place, type PlacedText } from './quote-place.ts';
import type { ReadCompany } from './reading-prompt.ts';
import { findDoubt, type Doubt } from './sentence-doubts.ts';
import { findSpeakerDoubt } from './sentence-subject.ts';
import { namesOf } from './speaker.ts';

export type QuoteReason =
  | Extract<Place, { ok: false }>['reason']
  | Doubt
  /** No kind of the scoring model. */
  | 'unknown-kind'
  /** The sentence does not say what the kind means. */
  | 'wrong-kind'
  /** Somebody else does it. */
  | 'other-company'
  /** The document is about somebody else of the same name. */
  | 'namesake'
  /** It tries to instruct its reader. */
  | 'instruction';

export type CheckedQuote =
  | {
      ok: true;
      /** The whole sentence, whitespace folded. */ quote: string;
      /** 0–1: how strongly its words say it. */ strength: number;
    }
  | { ok: false; reason: QuoteReason };

const placed = new WeakMap<object, PlacedText>();

/**
 * May this quote stand as proof that the company is what `kind` says? It must be in the source byte for byte after whitespace
 * folding, between word boundaries; it is then widened to its whole sentence, so that nothing that was cut off (a denial, a plan,
 * another subject) goes unseen, and that sentence must say the kind, of this company, as a present fact. Of a quote over several
 * sentences the first that passes by itself is kept. Pure; time grows with the length of the source.
 */
export function checkQuote(options: {
  quote: string;
  source: Source;
  kind: string;
  company: ReadCompany;
  model: ScoringModel;
}): CheckedQuote {
  const { source, company, model } = options;
  if (!model.kinds.some((kind) => kind.key === options.kind)) return { ok: false, reason: 'unknown-kind' };
  const found = findQuotedSentences(options.quote, source, company);
  if (!found.ok) return found;
  let reason: QuoteReason = 'wrong-kind';
  for (const { text, before, after } of found.sentences) {
    const verdict = checkSentence(text, before, after);
    if (verdict.ok) return verdict;
    reason = verdict.reason;
  }
  return { ok: false, reason };

  function checkSentence(text: string, before: readonly string[], after: string | null): CheckedQuote {
    if (isInstruction(text)) return { ok: false, reason: 'instruction' };
    const claim = findClaims(text, before.at(-1) ?? null, source, loosenPhrases(model), company).find(
      (candidate) => candidate.kind === options.kind,
    );
    if (!claim) return { ok: false, reason: explainNoClaim(text) };
    const doubt =
      findDoubt(text, claim, yearOf(source), namesOf(company)) ??
      findSpeakerDoubt({ text, before, after, claim, source, company });
    return doubt ? { ok: false, reason: doubt } : { ok: true, quote: text, strength: claim.strength };
  }

  /** The words are there, yet the phrases' grammar refuses them: say why, if it can be told. */
  function explainNoClaim(text: string): QuoteReason {
    const whole: Pick<Claim, 'start' | 'end'> = { start: 0, end: text.length };
    const own = findClaims(
      `${company.name}: ${text}`,
      null,
      { ...source, kind: 'site' },
      loosenPhrases(model),
      company,
    );
    if (own.some((candidate) => candidate.kind === options.kind)) return 'other-company';
    return findDoubt(text, whole, yearOf(source), namesOf(company)) ?? 'wrong-kind';
  }
}

/**
 * The same without a kind: is this a sentence of the source about the company, stated as a present fact? `quote` of the answer is
 * the whole sentence (the first that passes).
 */
export function checkStatement(options: {
  quote: string;
  source: Source;
  company: ReadCompany;
}): CheckedQuote {
  const { source, company } = options;
  const found = findQuotedSentences(options.quote, source, company);
  if (!found.ok) return found;
  let reason: QuoteReason = 'not-in-source';
  for (const { text, before, after } of found.sentences) {
    const claim = { start: 0, end: Math.ceil(text.length / 2) };
    const doubt = isInstruction(text)
      ? 'instruction'
      : (findDoubt(text, claim, yearOf(source), namesOf(company)) ??
        findSpeakerDoubt({ text, before, after, claim, source, company }));
    if (!doubt) return { ok: true, quote: text, strength: 1 };
    reason = doubt;
  }
  return { ok: false, reason };
}

type Quoted =
  | { ok: true; sentences: { text: string; before: readonly string[]; after: string | null }[] }
  | { ok: false; reason: QuoteReason };

/** The sentences that a quote touches, each with up to three before it and the one after it. */
export function findQuotedSentences(quote: string, source: Source, company: ReadCompany): Quoted {
  let text = placed.get(source);
  if (!text) {
    text = placeSentences(source.text);
    placed.set(source, text);
  }
  const place = placeQuote(quote, text);
  if (!place.ok) return place;
  if (isAboutNamesake(source, company)) return { ok: false, reason: 'namesake' };
  const all = text.sentences.map((sentence) => sentence.text);
  const sentences = all.slice(place.from, place.to + 1).map((sentence, offset) => ({
    text: sentence,
    before: all.slice(Math.max(0, place.from + offset - 3), place.from + offset),
    after: all[place.from + offset + 1] ?? null,
  }));
  return { ok: true, sentences };
}

/** The year in which the document was true: when it was published, else when it was read. */
function yearOf(source: Source): number {
  const year = Number((source.published ?? source.fetchedAt).slice(0, 4));
  return Number.isInteger(year) ? year : 0;
}
