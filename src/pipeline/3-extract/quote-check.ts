import type { ScoringModel } from '../scoring-model.ts';
import type { Source } from '../store/sources.ts';
import { doubtClaims } from './doubt-claims.ts';
import { readClaims } from './find-signals.ts';
import { isInstruction } from './instructions.ts';
import { loosenPhrases } from './loosen-phrases.ts';
import { isAboutNamesake } from './namesake.ts';
import { type PlacedSentence, placeSentence } from './place-sentence.ts';
import { placeQuote, placeSentences, type Place, type PlacedText } from './quote-place.ts';
import type { ReadCompany } from './reading-prompt.ts';
import type { Doubt } from './sentence-doubts.ts';

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
  for (const sentence of found.sentences) {
    const verdict = checkSentence(sentence);
    if (verdict.ok) return verdict;
    reason = verdict.reason;
  }
  return { ok: false, reason };

  function checkSentence(sentence: PlacedSentence): CheckedQuote {
    if (isInstruction(sentence.text)) return { ok: false, reason: 'instruction' };
    const ofKind = ({ kind }: { kind: string }): boolean => kind === options.kind;
    const loose = loosenPhrases(model);
    const read = readClaims(sentence, source, loose, company);
    const claim = read.claims.find(ofKind);
    if (claim) return { ok: true, quote: sentence.text, strength: claim.strength };
    const refused = read.refused.find(ofKind);
    if (refused) return { ok: false, reason: refused.reason };
    // The words are not there, or in a sentence that is nobody's: say why, if it can be told.
    const named = { ...sentence, text: `${company.name}: ${sentence.text}` };
    if (readClaims(named, { ...source, kind: 'site' }, loose, company).claims.some(ofKind))
      return { ok: false, reason: 'other-company' };
    const whole = { start: 0, end: sentence.text.length };
    const doubt = doubtClaims(sentence, source, company)(whole);
    return { ok: false, reason: doubt === 'other-company' ? 'wrong-kind' : (doubt ?? 'wrong-kind') };
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
  for (const sentence of found.sentences) {
    const { text } = sentence;
    const claim = { start: 0, end: Math.ceil(text.length / 2) };
    const doubt = isInstruction(text) ? 'instruction' : doubtClaims(sentence, source, company)(claim);
    if (!doubt) return { ok: true, quote: text, strength: 1 };
    reason = doubt;
  }
  return { ok: false, reason };
}

type Quoted = { ok: true; sentences: PlacedSentence[] } | { ok: false; reason: QuoteReason };

/** The sentences that a quote touches, each with what stands around it. */
export function findQuotedSentences(quote: string, source: Source, company: ReadCompany): Quoted {
  let text = placed.get(source);
  if (!text) {
    text = placeSentences(source.text);
    placed.set(source, text);
  }
  const place = placeQuote(quote, text);
  if (!place.ok) return place;
  if (isAboutNamesake(source, company)) return { ok: false, reason: 'namesake' };
  const all = text.sentences;
  const sentences = all
    .slice(place.from, place.to + 1)
    .map((_, offset) => placeSentence(all, place.from + offset));
  return { ok: true, sentences };
}
