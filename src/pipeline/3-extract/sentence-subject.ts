import { indexTerms, splitWords } from '../scoring-model-terms.ts';
import type { Source } from '../store/sources.ts';
import { findClauses } from './clauses.ts';
import type { PlacedSentence } from './place-sentence.ts';
import { findOtherActors } from './other-actors.ts';
import type { ReadCompany } from './reading-prompt.ts';
import type { Stretch } from './sentence-doubts.ts';
import { speaksForItself } from './speaker.ts';
import { namesIn, namesOf } from './names.ts';
import { OWN } from './speaker-words.ts';

/** What must be known of a source to judge its sentences. */
export type JudgedSource = Pick<Source, 'url' | 'kind' | 'text' | 'published' | 'fetchedAt'>;

const PRONOUN =
  /^["“'‘(\s]*(?:(?:and|but|so|there|today|now|instead|in total|together|altogether|also|then|as a result),?\s)?(?:it|its|they|their|he|she|his|her|the (?:company|startup|firm|group|lab|team|maker|developer|provider|latter|customer|client|partner|rival|competitor|two|both))\b/iu;
const THE_COMPANY = /^["“'‘(\s]*the (?:company|firm|group|team)\b/iu;
const FIRST_PERSON = /\b(?:we|we['’](?:re|ve|ll)|our|ours|us|my|i|i['’](?:m|ve))\b/iu;
const QUOTED = /["“”„«»]/u;
const ATTRIBUTED =
  /(?:\b(?:CEO|CTO|CFO|COO|CIO|VP|SVP|EVP|chief|head|director|founder|co-founder|cofounder|president|lead|manager|engineer|scientist|professor)\b[^.,]{0,60}(?:\b(?:of|at|from)\b|,|[|@])\s*)(\p{Lu}[\p{L}\p{N}&’'.-]*(?:\s\p{Lu}[\p{L}\p{N}&’'.-]*){0,3})/gu;

/** "…," says their head of research: the one who is quoted belongs to somebody else. */
const SAID_BY_OTHERS =
  /["”“»],?\s(?:says?|said|explains?|explained|adds?|added|notes?|noted|tells|told us)\s(?:their|another|an?|one of (?:the|their|our))\s/iu;

/**
 * A sentence → a judge of the claims in it: does somebody else do, or say, what it claims? The phrases' own grammar knows roles
 * ("customers", "rivals"); this knows names, pronouns and who is speaking.
 */
export function readSpeakers(
  { text, before, after }: PlacedSentence,
  source: JudgedSource,
  company: ReadCompany,
): (claim: Stretch) => 'other-company' | null {
  const ownVoice = speaksForItself(source, company.domain);
  const names = indexTerms([namesIn(source.text, company)]);
  const namesCompany = (part: string): boolean => names.findHits(splitWords(part)).length > 0;
  const isActed = readActors(text, source.text, company);
  // On its own pages "the company" is the company.
  const isPronoun = (sentence: string) => PRONOUN.test(sentence) && !(ownVoice && THE_COMPANY.test(sentence));
  let goesOn: boolean | null = null;
  const goesOnAboutOther = (): boolean => {
    for (const earlier of before.toReversed()) {
      if (readActors(earlier, source.text, company)({ start: 0, end: earlier.length })) return true;
      if (ROLE_SUBJECT.test(earlier)) return true;
      if (!isPronoun(earlier)) break;
    }
    return false;
  };
  let speech: boolean | null = null;
  const isOthersSpeech = (): boolean => {
    if (!FIRST_PERSON.test(text)) return false;
    if (SAID_BY_OTHERS.test(text)) return true;
    const isOwn = isOwnName(company);
    const attributions = [
      text,
      QUOTED.test(text) || QUOTED.test(before.at(-1) ?? '') ? (after ?? '') : '',
    ].flatMap((sentence) => [...sentence.matchAll(ATTRIBUTED)].map((match) => match[1] ?? ''));
    if (attributions.some((name) => !isOwn(name))) return true;
    // Elsewhere than on its own pages "we" is whoever wrote the page, unless the company is quoted there.
    return !ownVoice && !namesCompany([before.at(-1) ?? '', text, after ?? ''].join('\n'));
  };
  return (claim) => {
    if (isActed(claim)) return 'other-company';
    if (isPronoun(text) && !namesCompany(text.slice(0, claim.start))) {
      goesOn ??= goesOnAboutOther();
      if (goesOn) return 'other-company';
    }
    speech ??= isOthersSpeech();
    return speech ? 'other-company' : null;
  };
}

const ROLE_SUBJECT =
  /^["“'‘(\s]*(?:(?:one|some|many|most|several|two|three) of )?(?:our|its|their|the company['’]s|another|a|one)\s(?:\p{L}+\s){0,3}(?:customers?|clients?|partners?|investors?|competitors?|rivals?|suppliers?|vendors?|users?)\b/iu;

/** A sentence of a document → a judge: does somebody with another name do what a stretch of it says? */
function readActors(text: string, document: string, company: ReadCompany): (claim: Stretch) => boolean {
  const actors = findOtherActors(text, document, company);
  if (actors.length === 0) return () => false;
  const words = splitWords(text);
  const { clauseOf } = findClauses(text, words);
  const wordAt = (offset: number): number =>
    Math.max(
      0,
      words.findIndex((word) => word.end > offset),
    );
  const own = indexTerms([[...OWN, ...namesIn(document, company)]])
    .findHits(words)
    .map((hit) => hit.from);
  return (claim) => {
    const from = wordAt(claim.start);
    const to = wordAt(Math.max(claim.start, claim.end - 1));
    return actors.some(({ start }) => {
      const actor = wordAt(start);
      if (actor > to) return clauseOf[actor] === clauseOf[to] && !own.some((at) => at <= from);
      // "Unlike Globex, which …, we train": our own subject stands between the other's and the claim.
      return !own.some(
        (at) => at > actor && at <= from && (clauseOf[at] !== clauseOf[actor] || isSubject(words, at)),
      );
    });
  };
}

/** "we", "our" or the name; "us", and "our" after a preposition, are objects. */
function isSubject(words: readonly { text: string }[], at: number): boolean {
  const word = words[at]?.text.toLowerCase() ?? '';
  const previous = words[at - 1]?.text.toLowerCase() ?? '';
  return (
    word !== 'us' &&
    word !== 'ourselves' &&
    !/^(?:with|by|for|from|to|of|on|using|via|through|than|like|unlike|at|in)$/.test(previous)
  );
}

function isOwnName(company: ReadCompany): (name: string) => boolean {
  const names = namesOf(company).map((name) => name.toLowerCase());
  return (name) => {
    const lower = name.toLowerCase().replace(/[.'’]+s?$/, '');
    return (
      names.some(
        (known) => lower === known || lower.startsWith(`${known} `) || known.startsWith(`${lower} `),
      ) ||
      /^(?:AI|ML|Engineering|Research|Product|Infrastructure|Operations|Technology|Science|Machine|Data|The|Our|Marketing|Sales|Finance|Platform|Software|Staff|Senior)\b/.test(
        name,
      )
    );
  };
}
