import type { ScoringModel } from '../scoring-model.ts';
import { indexTerms, splitWords } from '../scoring-model-terms.ts';
import type { Signal } from '../store/signals.ts';
import type { Source } from '../store/sources.ts';
import { compilePhrases } from './compile-phrases.ts';
import { cutQuote } from './cut-quote.ts';
import { type Claim, type Reader, readSentence } from './read-sentence.ts';
import { splitSentences } from './sentences.ts';
import { namesOf, speaksForItself } from './speaker.ts';

export type { Claim } from './read-sentence.ts';

/** A phrase knows words, not meaning; a language model that read the same sentence may be surer than this. */
const PHRASE_CONFIDENCE = 0.7;

/** More sentences than this for one kind in one source add nothing that the kind's cap would let through. */
const SIGNALS_PER_KIND = 4;

/**
 * Source → the signals that the scoring model's phrases find in it: all concepts of a phrase in one sentence, near each other,
 * not denied, not only planned, and done by whom the kind asks for. Each quote is the sentence itself (white space folded, at most
 * 300 characters). At most 4 per kind, the strongest. Takes any text; time grows with its length only.
 */
export function findSignals(
  source: Pick<Source, 'id' | 'url' | 'text' | 'published' | 'kind'>,
  model: ScoringModel,
  company: { name: string; domain: string },
): Signal[] {
  const reader = createReader(source, model, company);
  const found = new Map<string, Signal[]>();
  let previousNamesIt = false;
  for (const { text } of splitSentences(source.text)) {
    const { claims, namesIt } = readSentence(text, reader, previousNamesIt);
    previousNamesIt = namesIt;
    for (const { kind, strength, start, end } of claims) {
      const ofKind = found.get(kind) ?? [];
      found.set(kind, ofKind);
      const weakest = ofKind.at(-1);
      if (weakest && ofKind.length >= SIGNALS_PER_KIND && strength <= weakest.strength) continue;
      const quote = cutQuote(text, start, end);
      if (ofKind.some((signal) => signal.quote === quote)) continue;
      const { id: sourceId, url, published } = source;
      ofKind.push({ kind, strength, confidence: PHRASE_CONFIDENCE, quote, sourceId, url, published });
      ofKind.sort((a, b) => b.strength - a.strength);
      ofKind.length = Math.min(ofKind.length, SIGNALS_PER_KIND);
    }
  }
  return [...found.values()].flat();
}

/** One folded sentence → what it claims, by the same rules; `previous` is the sentence before it, or null. */
export function findClaims(
  text: string,
  previous: string | null,
  source: Pick<Source, 'url' | 'kind'>,
  model: ScoringModel,
  company: { name: string; domain: string },
): Claim[] {
  const reader = createReader(source, model, company);
  const previousNamesIt = previous !== null && reader.names.findHits(splitWords(previous)).length > 0;
  return readSentence(text, reader, previousNamesIt).claims;
}

function createReader(
  source: Pick<Source, 'url' | 'kind'>,
  model: ScoringModel,
  company: { name: string; domain: string },
): Reader {
  return {
    model: compilePhrases(model),
    names: indexTerms([namesOf(company)]),
    ownVoice: speaksForItself(source, company.domain),
  };
}
