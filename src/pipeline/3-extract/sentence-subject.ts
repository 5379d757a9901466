import { type Hit, indexTerms, splitWords } from '../scoring-model-terms.ts';
import type { Source } from '../store/sources.ts';
import { findClauses } from './negation.ts';
import { findOtherActors } from './other-actors.ts';
import type { ReadCompany } from './reading-prompt.ts';
import { namesOf, OWN, speaksForItself } from './speaker.ts';

const PRONOUN =
  /^["“'‘(\s]*(?:(?:and|but|so|there|today|now|instead|in total|together|altogether|also|then|as a result),?\s)?(?:it|its|they|their|he|she|his|her|the (?:company|startup|firm|group|lab|team|maker|developer|provider|latter|customer|client|partner|rival|competitor|two|both))\b/iu;
const THE_COMPANY = /^["“'‘(\s]*the (?:company|firm|group|team)\b/iu;
const FIRST_PERSON = /\b(?:we|we['’](?:re|ve|ll)|our|ours|us|my|i|i['’](?:m|ve))\b/iu;
const QUOTED = /["“”„«»]/u;
const ATTRIBUTED =
  /(?:\b(?:CEO|CTO|CFO|COO|CIO|VP|SVP|EVP|chief|head|director|founder|co-founder|cofounder|president|lead|manager|engineer|scientist|professor)\b[^.,]{0,60}(?:\b(?:of|at|from)\b|,|[|@])\s*)(\p{Lu}[\p{L}\p{N}&’'.-]*(?:\s\p{Lu}[\p{L}\p{N}&’'.-]*){0,3})/gu;

/**
 * Does somebody else do, or say, what the sentence claims? `before` are the sentences before it (nearest last), `after` the one
 * behind it. The phrases' own grammar knows roles ("customers", "rivals"); this knows names, pronouns and who is speaking.
 */
export function findSpeakerDoubt(options: {
  text: string;
  before: readonly string[];
  after: string | null;
  claim: { start: number; end: number };
  source: Source;
  company: ReadCompany;
}): 'other-company' | null {
  const { text, before, after, claim, source, company } = options;
  const isOwn = isOwnName(company);
  if (isActedByOther(text, claim, source.text, company)) return 'other-company';
  const ownVoice = speaksForItself(source, company.domain);
  // On its own pages "the company" is the company.
  const isPronoun = (sentence: string) => PRONOUN.test(sentence) && !(ownVoice && THE_COMPANY.test(sentence));
  if (isPronoun(text) && !namesCompany(text.slice(0, claim.start), company)) {
    for (const earlier of before.toReversed()) {
      const whole = { start: 0, end: earlier.length };
      if (
        findOtherActors(earlier, source.text, company).length > 0 &&
        isActedByOther(earlier, whole, source.text, company)
      )
        return 'other-company';
      if (ROLE_SUBJECT.test(earlier)) return 'other-company';
      if (!isPronoun(earlier)) break;
    }
  }
  if (!FIRST_PERSON.test(text)) return null;
  const attributions = [
    text,
    QUOTED.test(text) || QUOTED.test(before.at(-1) ?? '') ? (after ?? '') : '',
  ].flatMap((sentence) => [...sentence.matchAll(ATTRIBUTED)].map((match) => match[1] ?? ''));
  if (attributions.some((name) => !isOwn(name))) return 'other-company';
  // Elsewhere than on its own pages "we" is whoever wrote the page, unless the company is quoted there.
  if (ownVoice) return null;
  return namesCompany([before.at(-1) ?? '', text, after ?? ''].join('\n'), company) ? null : 'other-company';
}

const ROLE_SUBJECT =
  /^["“'‘(\s]*(?:(?:one|some|many|most|several|two|three) of )?(?:our|its|their|the company['’]s|another|a|one)\s(?:\p{L}+\s){0,3}(?:customers?|clients?|partners?|investors?|competitors?|rivals?|suppliers?|vendors?|users?)\b/iu;

function isActedByOther(
  text: string,
  claim: { start: number; end: number },
  document: string,
  company: ReadCompany,
): boolean {
  const actors = findOtherActors(text, document, company);
  if (actors.length === 0) return false;
  const words = splitWords(text);
  const { clauseOf } = findClauses(text, words);
  const wordAt = (offset: number): number =>
    Math.max(
      0,
      words.findIndex((word) => word.end > offset),
    );
  const own = ownHits(words, company).map((hit) => hit.from);
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

function ownHits(
  words: Parameters<ReturnType<typeof indexTerms>['findHits']>[0],
  company: ReadCompany,
): Hit[] {
  return indexTerms([[...OWN, ...namesOf(company)]]).findHits(words);
}

function namesCompany(text: string, company: ReadCompany): boolean {
  return indexTerms([namesOf(company)]).findHits(splitWords(text)).length > 0;
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
