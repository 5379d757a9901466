import type { SignalKind } from '../scoring-model.ts';
import { type Hit, splitWords, type Word } from '../scoring-model-terms.ts';
import { type CompiledModel, GRAMMAR, type Group } from './compile-phrases.ts';
import { findSpans, type Span } from './find-spans.ts';
import { type Clauses, findClauses } from './clauses.ts';
import type { Doubt, Stretch } from './sentence-doubts.ts';
import { findDoer, isAboutCompany, type Speakers } from './speaker.ts';
import { CUSTOMERS, OTHERS, OWN, PARTIES, PAST, PROVIDERS, SOMEBODY, TRADES } from './speaker-words.ts';

/** A kind that a sentence claims, and where in the sentence (UTF-16 offsets). */
type Claim = { kind: string; strength: number; start: number; end: number };

/** Why a sentence does not say of the company, as a present fact, what its words say. */
export type ClaimDoubt = Doubt | 'other-company';

export type SentenceReading = {
  claims: Claim[];
  /** Kinds whose words are there and which the sentence yet does not claim. */
  refused: { kind: string; reason: ClaimDoubt }[];
  /** Does it name the company? */
  namesIt: boolean;
};

/** What must be known to read a sentence: the model's phrases, the company's names, and whose page it stands on. */
export type Reader = {
  model: CompiledModel;
  /** Where a sentence names the company. */
  names: (text: string, words: readonly Word[]) => readonly Hit[];
  /** True on the company's own pages, where "we" is the company. */
  ownVoice: boolean;
  /** Does the document say the concept anywhere but in this sentence? */
  isSaidElsewhere: (group: Group, sentence: string) => boolean;
};

/** No sentence of prose says a thing more often; text made to slow us down does. */
const HITS_PER_CONCEPT = 16;

/**
 * One folded sentence → what it claims, each kind once with its strongest phrase. `previousNamesIt`: the sentence before names the
 * company, so a pronoun stands for it. `doubtOf` judges each place at which a phrase is said.
 */
export function readSentence(
  text: string,
  reader: Reader,
  previousNamesIt: boolean,
  doubtOf: (claim: Stretch) => ClaimDoubt | null,
): SentenceReading {
  const words = splitWords(hideFormerName(text));
  const names = reader.names(text, words);
  const namesIt = names.length > 0;
  const byConcept = groupHits(reader.model.index.findHits(words).filter((hit) => !isName(hit, names, words)));
  if (byConcept.size === 0) return { claims: [], refused: [], namesIt };
  const sentence = { text, words, byConcept, names, ownVoice: reader.ownVoice, previousNamesIt };
  const best = new Map<string, Claim>();
  const refused = new Map<string, ClaimDoubt>();
  const judged = new Map<string, ClaimDoubt | null>();
  let grammar: Grammar | null = null;
  for (const { kind, phrase, says, unless, among } of reader.model.phrases) {
    if (!says.every((group) => byConcept.has(group.concept))) continue;
    if ((best.get(kind.key)?.strength ?? 0) >= phrase.strength) continue;
    const groups = says.map((group) => hitsOf(group, byConcept));
    if (groups.some((hits) => hits.length === 0)) continue;
    if (unless.some((group) => hitsOf(group, byConcept).length > 0)) continue;
    grammar ??= readGrammar(sentence);
    for (const span of findSpans(groups, phrase)) {
      if (among.length > 0 && !among.some((group) => isAmong(group, span, text, byConcept, reader))) continue;
      const start = words[span.from]?.start ?? 0;
      const end = words[span.to - 1]?.end ?? 0;
      const place = `${span.from} ${span.to}`;
      let doubt: ClaimDoubt | null = isDoneBy(span, kind, sentence, grammar) ? null : 'other-company';
      if (!doubt) {
        doubt = judged.get(place) ?? (judged.has(place) ? null : doubtOf({ start, end }));
        judged.set(place, doubt);
      }
      if (!doubt) {
        best.set(kind.key, { kind: kind.key, strength: phrase.strength, start, end });
        break;
      }
      refused.set(kind.key, doubt);
    }
  }
  for (const kind of best.keys()) refused.delete(kind);
  return {
    claims: [...best.values()],
    refused: [...refused].map(([kind, reason]) => ({ kind, reason })),
    namesIt,
  };
}

/** "(formerly Grasp Works)" says nothing of what is past but a name: spaces of the same length instead, so that offsets hold. */
export function hideFormerName(text: string): string {
  return text.replace(
    /\((?:formerly|previously|fka|f\/k\/a)\b[^()]{1,60}\)|, (?:formerly|previously) known as [^,]{1,60},/iu,
    (aside) => ' '.repeat(aside.length),
  );
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

/** Where a concept is said in a sentence, less the places that lie in a longer expression with another meaning. */
function hitsOf(group: Group, byConcept: ReadonlyMap<number, Hit[]>): readonly Hit[] {
  const hits = byConcept.get(group.concept) ?? [];
  const except = group.except === null ? undefined : byConcept.get(group.except);
  if (!except) return hits;
  return hits.filter((hit) => !except.some((longer) => longer.from < hit.to && hit.from < longer.to));
}

function isAmong(
  group: Group,
  span: Span,
  text: string,
  byConcept: ReadonlyMap<number, Hit[]>,
  reader: Reader,
): boolean {
  const outside = (hit: Hit): boolean =>
    span.says.every((said) => hit.to <= said.from || said.to <= hit.from);
  return hitsOf(group, byConcept).some(outside) || reader.isSaidElsewhere(group, text);
}

type ReadSentence = {
  text: string;
  words: readonly Word[];
  byConcept: ReadonlyMap<number, Hit[]>;
  names: readonly Hit[];
  ownVoice: boolean;
  previousNamesIt: boolean;
};

type Grammar = { clauses: Clauses; speakers: Speakers };

function readGrammar({ text, words, byConcept, names }: ReadSentence): Grammar {
  const of = (list: (typeof GRAMMAR)[number]): readonly Hit[] => byConcept.get(GRAMMAR.indexOf(list)) ?? [];
  return {
    clauses: findClauses(text, words),
    speakers: {
      own: of(OWN),
      customers: of(CUSTOMERS),
      others: of(OTHERS),
      past: of(PAST),
      providers: of(PROVIDERS),
      trades: of(TRADES),
      parties: of(PARTIES),
      somebody: of(SOMEBODY),
      names,
    },
  };
}

function isDoneBy(
  span: Span,
  kind: SignalKind,
  sentence: ReadSentence,
  { clauses, speakers }: Grammar,
): boolean {
  if (!sentence.ownVoice && !isAboutCompany(span, sentence, sentence.previousNamesIt)) return false;
  const doer = findDoer(span, speakers, clauses.clauseOf, sentence.words);
  return doer === 'company' || kind.doneBy === `company-or-${doer}`;
}
