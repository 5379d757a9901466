import type { SignalKind } from '../scoring-model.ts';
import { type Hit, type TermIndex, splitWords, type Word } from '../scoring-model-terms.ts';
import { type CompiledModel, GRAMMAR, type Group } from './compile-phrases.ts';
import { findSpans, type Span } from './find-spans.ts';
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
import {
  CUSTOMERS,
  findDoer,
  isAboutCompany,
  OTHERS,
  OWN,
  PAST,
  PROVIDERS,
  type Speakers,
} from './speaker.ts';

/** A kind that a sentence claims, and where in the sentence (UTF-16 offsets). */
export type Claim = { kind: string; strength: number; start: number; end: number };

/** What must be known to read a sentence: the model's phrases, the company's names, and whose page it stands on. */
export type Reader = {
  model: CompiledModel;
  names: TermIndex;
  /** True on the company's own pages, where "we" is the company. */
  ownVoice: boolean;
};

/** No sentence of prose says a thing more often; text made to slow us down does. */
const HITS_PER_CONCEPT = 16;

/**
 * One folded sentence → what it claims, each kind once with its strongest phrase, and whether it names the company.
 * `previousNamesIt` says the same of the sentence before: a pronoun then stands for the company.
 */
export function readSentence(
  text: string,
  reader: Reader,
  previousNamesIt: boolean,
): { claims: Claim[]; namesIt: boolean } {
  const words = splitWords(text);
  const names = reader.names.findHits(words);
  const namesIt = names.length > 0;
  const byConcept = groupHits(reader.model.index.findHits(words).filter((hit) => !isName(hit, names, words)));
  if (byConcept.size === 0) return { claims: [], namesIt };
  const sentence = { text, words, byConcept, names, ownVoice: reader.ownVoice, previousNamesIt };
  const best = new Map<string, { strength: number; span: Span }>();
  let grammar: Grammar | null = null;
  for (const { kind, phrase, says, unless } of reader.model.phrases) {
    if (!says.every((group) => byConcept.has(group.concept))) continue;
    if ((best.get(kind.key)?.strength ?? 0) >= phrase.strength) continue;
    const groups = says.map((group) => hitsOf(group, byConcept));
    if (groups.some((hits) => hits.length === 0)) continue;
    if (unless.some((group) => hitsOf(group, byConcept).length > 0)) continue;
    grammar ??= readGrammar(sentence);
    const found = grammar;
    const span = findSpans(groups, phrase).find((candidate) => isMeant(candidate, kind, sentence, found));
    if (span) best.set(kind.key, { strength: phrase.strength, span });
  }
  const claims = [...best].map(([kind, { strength, span }]) => ({
    kind,
    strength,
    start: words[span.from]?.start ?? 0,
    end: words[span.to - 1]?.end ?? 0,
  }));
  return { claims, namesIt };
}

/** A name is no evidence: "Example Robotics" may make anything. Small letters are the word, not the name. */
function isName(hit: Hit, names: readonly Hit[], words: readonly Word[]): boolean {
  const first = words[hit.from]?.text ?? '';
  return names.some((name) => name.from <= hit.from && hit.to <= name.to) && !/^\p{Ll}/u.test(first);
}

function groupHits(hits: readonly Hit[]): Map<number, Hit[]> {
  const byConcept = new Map<number, Hit[]>();
  for (const hit of hits) {
    const list = byConcept.get(hit.concept);
    if (!list) byConcept.set(hit.concept, [hit]);
    else if (list.length < HITS_PER_CONCEPT) list.push(hit);
  }
  return byConcept;
}

/** Where a concept is said, less the places that lie in a longer expression with another meaning. */
function hitsOf(group: Group, byConcept: ReadonlyMap<number, Hit[]>): readonly Hit[] {
  const hits = byConcept.get(group.concept) ?? [];
  const except = group.except === null ? undefined : byConcept.get(group.except);
  if (!except) return hits;
  return hits.filter((hit) => !except.some((longer) => longer.from < hit.to && hit.from < longer.to));
}

type ReadSentence = {
  text: string;
  words: readonly Word[];
  byConcept: ReadonlyMap<number, Hit[]>;
  names: readonly Hit[];
  ownVoice: boolean;
  previousNamesIt: boolean;
};

type Grammar = {
  clauses: Clauses;
  negators: readonly Hit[];
  exceptions: readonly Hit[];
  deniedAfter: readonly Hit[];
  notYet: readonly Hit[];
  speakers: Speakers;
};

function readGrammar({ text, words, byConcept, names }: ReadSentence): Grammar {
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

function isMeant(span: Span, kind: SignalKind, sentence: ReadSentence, grammar: Grammar): boolean {
  const { clauses, negators, exceptions, deniedAfter, notYet, speakers } = grammar;
  if (isUnder(span, negators, exceptions, clauses)) return false;
  if (isDeniedAfter(span, deniedAfter, clauses)) return false;
  if (isUnder(span, notYet, [], clauses)) return false;
  if (!sentence.ownVoice && !isAboutCompany(span, sentence, sentence.previousNamesIt)) return false;
  const doer = findDoer(span, speakers, clauses.clauseOf);
  return doer === 'company' || kind.doneBy === `company-or-${doer}`;
}
