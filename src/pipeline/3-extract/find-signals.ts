import type { ScoringModel } from '../scoring-model.ts';
import { foldWord, indexTerms, splitWords } from '../scoring-model-terms.ts';
import type { Signal } from '../store/signals.ts';
import type { Source } from '../store/sources.ts';
import { compilePhrases } from './compile-phrases.ts';
import { cutQuote } from './cut-quote.ts';
import { doubtClaims } from './doubt-claims.ts';
import type { JudgedSource } from './sentence-subject.ts';
import { findMenus, isBoilerplate } from './furniture.ts';
import { findInstructions } from './instructions.ts';
import { listenElsewhere } from './listen-elsewhere.ts';
import { isAboutNamesake } from './namesake.ts';
import { type PlacedSentence, placeSentence } from './place-sentence.ts';
import { type ClaimDoubt, type Reader, readSentence, type SentenceReading } from './read-sentence.ts';
import type { ReadCompany } from './reading-prompt.ts';
import { splitSentences } from './sentences.ts';
import { speaksForItself } from './speaker.ts';
import { namesIn } from './names.ts';

/** A phrase knows words, not meaning; a language model that read the same sentence may be surer than this. */
const PHRASE_CONFIDENCE = 0.7;

/** More sentences than this for one kind in one source add nothing that the kind's cap would let through. */
const SIGNALS_PER_KIND = 4;

/** A sentence with the words of a kind that does not claim it, and why. */
type Refused = { kind: string; reason: ClaimDoubt | 'namesake'; sentence: string };

export type FoundSignals = {
  signals: Signal[];
  refused: Refused[];
  /** Sentences that give orders to their reader; they are not read. */
  instructions: string[];
};

/**
 * Source → the signals that the scoring model's phrases find in it: all concepts of a phrase in one sentence, near each other,
 * neither denied nor only planned nor over, and done by whom the kind asks for. Each quote is the sentence itself (white space folded,
 * at most 300 characters), so it stands in the source by construction. At most 4 per kind, the strongest. Takes any text; time grows
 * with its length only.
 */
export function findSignals(
  source: JudgedSource & Pick<Source, 'id' | 'title'>,
  model: ScoringModel,
  company: ReadCompany,
): FoundSignals {
  const reader = createReader(source, model, company);
  const signals = new Map<string, Signal[]>();
  const refused = new Map<string, Refused[]>();
  const sentences = [...splitSentences(source.text)];
  const orders = findInstructions(source.text, sentences);
  const menus = findMenus(sentences.map(({ text }) => text));
  let previousNamesIt = false;
  for (const [at, { text }] of sentences.entries()) {
    if (orders.sentences.has(at) || menus.has(at)) continue;
    let doubtOf: ReturnType<typeof doubtClaims> | null = null;
    const read = readSentence(text, reader, previousNamesIt, (claim) =>
      (doubtOf ??= doubtClaims(placeSentence(sentences, at), source, company))(claim),
    );
    previousNamesIt = read.namesIt;
    if (read.claims.length > 0 && isBoilerplate(text)) continue;
    for (const { kind, strength, start, end } of read.claims) {
      const ofKind = signals.get(kind) ?? [];
      signals.set(kind, ofKind);
      const weakest = ofKind.at(-1);
      if (weakest && ofKind.length >= SIGNALS_PER_KIND && strength <= weakest.strength) continue;
      const quote = cutQuote(text, start, end);
      if (ofKind.some((signal) => signal.quote === quote)) continue;
      const { id: sourceId, url, published } = source;
      ofKind.push({ kind, strength, confidence: PHRASE_CONFIDENCE, quote, sourceId, url, published });
      ofKind.sort((a, b) => b.strength - a.strength);
      ofKind.length = Math.min(ofKind.length, SIGNALS_PER_KIND);
    }
    for (const { kind, reason } of read.refused) {
      const ofKind = refused.get(kind) ?? [];
      refused.set(kind, ofKind);
      if (ofKind.length < SIGNALS_PER_KIND) ofKind.push({ kind, reason, sentence: text });
    }
  }
  const found = [...signals.values()].flat();
  const namesake = found.length > 0 && isAboutNamesake(source, company);
  return {
    signals: namesake ? [] : found,
    refused: [
      ...[...refused.values()].flat(),
      ...(namesake
        ? found.map(({ kind, quote }) => ({ kind, reason: 'namesake' as const, sentence: quote }))
        : []),
    ],
    instructions: orders.said,
  };
}

/** One folded sentence of a source → what it claims, by the same rules. */
export function readClaims(
  sentence: PlacedSentence,
  source: JudgedSource,
  model: ScoringModel,
  company: ReadCompany,
): SentenceReading {
  const reader = createReader(source, model, company);
  const previous = sentence.before.at(-1);
  const previousNamesIt = previous !== undefined && reader.names(previous, splitWords(previous)).length > 0;
  return readSentence(sentence.text, reader, previousNamesIt, doubtClaims(sentence, source, company));
}

/** Few sentences name the company; the others need not be looked at word by word. */
function indexNames(names: readonly string[]): Reader['names'] {
  const index = indexTerms([names]);
  const beginnings = names.flatMap((name) =>
    splitWords(name)
      .slice(0, 1)
      .map((word) => foldWord(word.text)),
  );
  return (text, words) => {
    const lower = text.normalize('NFKC').toLowerCase();
    return beginnings.some((beginning) => lower.includes(beginning)) ? index.findHits(words) : [];
  };
}

function createReader(
  source: Pick<Source, 'url' | 'kind' | 'text'>,
  model: ScoringModel,
  company: ReadCompany,
): Reader {
  const compiled = compilePhrases(model);
  return {
    model: compiled,
    names: indexNames(namesIn(source.text, company)),
    ownVoice: speaksForItself(source, company.domain),
    isSaidElsewhere: listenElsewhere(source.text, compiled),
  };
}
