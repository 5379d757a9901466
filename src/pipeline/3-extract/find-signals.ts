import type { Phrase, ScoringModel, SignalKind } from '../scoring-model.ts';
import { type Hit, indexTerms, splitWords, type TermIndex, type Word } from '../scoring-model-terms.ts';
import type { Signal } from '../store/signals.ts';
import type { Source } from '../store/sources.ts';
import { cutQuote } from './cut-quote.ts';
import {
  type Clauses,
  DENIED_AFTER,
  findClauses,
  isDeniedAfter,
  isUnder,
  NEGATORS,
  NO_NEGATION,
  NOT_YET,
} from './negation.ts';
import { splitSentences } from './sentences.ts';
import {
  CUSTOMERS,
  findDoer,
  isAboutCompany,
  namesOf,
  OTHERS,
  OWN,
  PAST,
  PROVIDERS,
  speaksForItself,
  type Speakers,
} from './speaker.ts';

/** A phrase knows words, not meaning; a language model that read the same sentence may be surer than this. */
const PHRASE_CONFIDENCE = 0.7;

/** More sentences than this for one kind in one source add nothing that the kind's cap would let through. */
const SIGNALS_PER_KIND = 4;

/** No sentence of prose says a thing more often; text made to slow us down does. */
const HITS_PER_CONCEPT = 16;

const GRAMMAR = [
  NEGATORS,
  NO_NEGATION,
  DENIED_AFTER,
  NOT_YET,
  OWN,
  CUSTOMERS,
  OTHERS,
  PAST,
  PROVIDERS,
] as const;

type Group = { concept: number; except: number | null };
type CompiledPhrase = { kind: SignalKind; phrase: Phrase; says: Group[]; unless: Group[] };
type CompiledModel = { index: TermIndex; phrases: CompiledPhrase[] };

const compiled = new WeakMap<ScoringModel, CompiledModel>();

/**
 * Source → the signals that the scoring model's phrases find in it: all concepts of a phrase in one sentence, near each other,
 * not denied, not only planned, and done by whom the kind asks for. Each quote is the sentence itself (white space folded, at most
 * 300 characters). At most 8 per kind, the strongest. Takes any text; time grows with its length only.
 */
export function findSignals(
  source: Pick<Source, 'id' | 'url' | 'text' | 'published' | 'kind'>,
  model: ScoringModel,
  company: { name: string; domain: string },
): Signal[] {
  const { index, phrases } = compile(model);
  const ownVoice = speaksForItself(source, company.domain);
  const nameIndex = indexTerms([namesOf(company)]);
  const found = new Map<string, Signal[]>();
  let previousNamesIt = false;
  for (const { text } of splitSentences(source.text)) {
    const words = splitWords(text);
    const names = nameIndex.findHits(words);
    const hits = index
      .findHits(words)
      .filter((hit) => !names.some((name) => name.from <= hit.from && hit.to <= name.to));
    const byConcept = groupHits(hits);
    if (byConcept.size > 0) {
      const reading = { text, words, byConcept, names, ownVoice, previousNamesIt };
      for (const signal of readSentence(reading, phrases, source)) {
        const ofKind = found.get(signal.kind) ?? [];
        found.set(signal.kind, ofKind);
        if (!ofKind.some((other) => other.quote === signal.quote)) ofKind.push(signal);
      }
    }
    previousNamesIt = names.length > 0;
  }
  return [...found.values()].flatMap((signals) =>
    signals.toSorted((a, b) => b.strength - a.strength).slice(0, SIGNALS_PER_KIND),
  );
}

function compile(model: ScoringModel): CompiledModel {
  const known = compiled.get(model);
  if (known) return known;
  const concepts: (readonly string[])[] = [...GRAMMAR];
  const vocabulary = new Map<string, Group>();
  const add = (terms: readonly string[]): number => concepts.push(terms) - 1;
  for (const [name, { any, except }] of Object.entries(model.vocabulary)) {
    vocabulary.set(name, { concept: add(any), except: except.length > 0 ? add(except) : null });
  }
  const groupOf = (says: string | readonly string[]): Group => {
    if (typeof says !== 'string') return { concept: add(says), except: null };
    const group = vocabulary.get(says);
    if (!group) throw new Error(`the vocabulary of ${model.identity} has no "${says}"`);
    return group;
  };
  const phrases = model.kinds.flatMap((kind) =>
    kind.phrases.map((phrase) => ({
      kind,
      phrase,
      says: phrase.says.map(groupOf),
      unless: phrase.unless.map(groupOf),
    })),
  );
  const result = { index: indexTerms(concepts), phrases };
  compiled.set(model, result);
  return result;
}

function groupHits(hits: readonly Hit[]): Map<number, Hit[]> {
  const byConcept = new Map<number, Hit[]>();
  for (const hit of hits) {
    const list = byConcept.get(hit.concept);
    if (list && list.length >= HITS_PER_CONCEPT) continue;
    if (list) list.push(hit);
    else byConcept.set(hit.concept, [hit]);
  }
  return byConcept;
}

type Reading = {
  text: string;
  words: readonly Word[];
  byConcept: ReadonlyMap<number, Hit[]>;
  names: readonly Hit[];
  ownVoice: boolean;
  previousNamesIt: boolean;
};

/** A kind that a sentence claims, and where in the sentence (UTF-16 offsets). */
export type Claim = { kind: string; strength: number; start: number; end: number };

/** One folded sentence → what it claims, by the same rules; `previous` is the sentence before it, or null. */
export function findClaims(
  text: string,
  previous: string | null,
  source: Pick<Source, 'url' | 'kind'>,
  model: ScoringModel,
  company: { name: string; domain: string },
): Claim[] {
  const { index, phrases } = compile(model);
  const nameIndex = indexTerms([namesOf(company)]);
  const words = splitWords(text);
  const reading: Reading = {
    text,
    words,
    byConcept: groupHits(index.findHits(words)),
    names: nameIndex.findHits(words),
    ownVoice: speaksForItself(source, company.domain),
    previousNamesIt: previous !== null && nameIndex.findHits(splitWords(previous)).length > 0,
  };
  return readClaims(reading, phrases);
}

function readSentence(
  reading: Reading,
  phrases: readonly CompiledPhrase[],
  source: Pick<Source, 'id' | 'url' | 'published'>,
): Signal[] {
  return readClaims(reading, phrases).map(({ kind, strength, start, end }) => ({
    kind,
    strength,
    confidence: PHRASE_CONFIDENCE,
    quote: cutQuote(reading.text, start, end),
    sourceId: source.id,
    url: source.url,
    published: source.published,
  }));
}

function readClaims(reading: Reading, phrases: readonly CompiledPhrase[]): Claim[] {
  const best = new Map<string, { strength: number; span: Span }>();
  let grammar: Grammar | null = null;
  for (const { kind, phrase, says, unless } of phrases) {
    if ((best.get(kind.key)?.strength ?? 0) >= phrase.strength) continue;
    const groups = says.map((group) => hitsOf(group, reading.byConcept));
    if (groups.some((hits) => hits.length === 0)) continue;
    if (unless.some((group) => hitsOf(group, reading.byConcept).length > 0)) continue;
    grammar ??= readGrammar(reading);
    const claimed = grammar;
    const span = findSpans(groups, phrase).find((candidate) => isMeant(candidate, kind, reading, claimed));
    if (span) best.set(kind.key, { strength: phrase.strength, span });
  }
  return [...best].map(([kind, { strength, span }]) => ({
    kind,
    strength,
    start: reading.words[span.from]?.start ?? 0,
    end: reading.words[span.to - 1]?.end ?? 0,
  }));
}

/** Where a concept is said, less the places that lie in a longer expression with another meaning. */
function hitsOf(group: Group, byConcept: ReadonlyMap<number, Hit[]>): readonly Hit[] {
  const hits = byConcept.get(group.concept) ?? [];
  const except = group.except === null ? undefined : byConcept.get(group.except);
  if (!except) return hits;
  return hits.filter((hit) => !except.some((longer) => longer.from < hit.to && hit.from < longer.to));
}

type Span = { from: number; to: number };

/** For each place of the first concept, the nearest places of the others that do not overlap and lie close enough. */
function findSpans(groups: readonly (readonly Hit[])[], phrase: Phrase): Span[] {
  const [first = [], ...others] = groups;
  const spans: Span[] = [];
  for (const anchor of first) {
    const chosen: Hit[] = [anchor];
    for (const hits of others) {
      const after = chosen.at(-1)?.to ?? 0;
      const free = hits.filter(
        (hit) =>
          chosen.every((other) => hit.to <= other.from || other.to <= hit.from) &&
          (!phrase.inOrder || hit.from >= after),
      );
      const nearest = free.reduce<Hit | null>(
        (best, hit) => (best === null || distance(hit, anchor) < distance(best, anchor) ? hit : best),
        null,
      );
      if (nearest) chosen.push(nearest);
    }
    if (chosen.length < groups.length) continue;
    const from = Math.min(...chosen.map((hit) => hit.from));
    const to = Math.max(...chosen.map((hit) => hit.to));
    if (to - from <= phrase.within || groups.length === 1) spans.push({ from, to });
  }
  return spans;
}

function distance(a: Hit, b: Hit): number {
  return a.from < b.from ? b.from - a.to : a.from - b.to;
}

type Grammar = {
  clauses: Clauses;
  negators: readonly Hit[];
  exceptions: readonly Hit[];
  deniedAfter: readonly Hit[];
  notYet: readonly Hit[];
  speakers: Speakers;
};

function readGrammar({ text, words, byConcept, names }: Reading): Grammar {
  const of = (list: (typeof GRAMMAR)[number]): readonly Hit[] => byConcept.get(GRAMMAR.indexOf(list)) ?? [];
  return {
    clauses: findClauses(text, words),
    negators: of(NEGATORS),
    exceptions: of(NO_NEGATION),
    deniedAfter: of(DENIED_AFTER),
    notYet: of(NOT_YET),
    speakers: {
      own: of(OWN),
      customers: of(CUSTOMERS),
      others: of(OTHERS),
      past: of(PAST),
      providers: of(PROVIDERS),
      names,
    },
  };
}

function isMeant(span: Span, kind: SignalKind, reading: Reading, grammar: Grammar): boolean {
  const { clauses, negators, exceptions, deniedAfter, notYet, speakers } = grammar;
  if (isUnder(span, negators, exceptions, clauses)) return false;
  if (isDeniedAfter(span, deniedAfter, clauses)) return false;
  if (isUnder(span, notYet, [], clauses)) return false;
  const sentence = { text: reading.text, names: reading.names };
  if (!reading.ownVoice && !isAboutCompany(span, sentence, reading.previousNamesIt)) return false;
  const doer = findDoer(span, speakers, clauses.clauseOf);
  return doer === 'company' || kind.doneBy === `company-or-${doer}`;
}
