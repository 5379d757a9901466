import { foldWord, splitWords } from '../scoring-model-terms.ts';
import { cleanLine, findStrangeLinks } from '../plain-text.ts';
import { GLUE, OFFER_WORDS, PRESUPPOSES } from './sentence-words.ts';

/** A sentence that a text model wrote for a pitch, with the numbers of the quotes that it rests on. */
export type WrittenSentence = { text: string; cites: readonly number[] };

export type SentenceVerdict =
  | { ok: true; text: string }
  | {
      ok: false;
      reason:
        | 'empty'
        | 'link'
        | 'markup'
        | 'no-such-source'
        | 'number'
        | 'name'
        | 'negation'
        | 'speaker'
        | 'joined'
        | 'never-claimed'
        | 'unsupported'
        | 'uncited';
    };

const NEGATION =
  /\b(?:not|no|never|none|without|cannot|neither|nor|\p{L}+n['’]t|lacks?|instead|rather than|stopped|no longer)\b/iu;
/** Numbers from here on are what the seller says of itself; they show as S1, S2 … */
export const OWN_FROM = 61;
/** "We noticed that you train models": what follows is the fact, and ours is only the noticing. */
const NOTICED = /^(?:we|i) (?:noticed|saw|see|read|understand)(?: that)?\s+/iu;
const FIRST_PERSON = /(?<![\p{L}\p{N}])(?:we|us|our|ours|i|my|me)(?![\p{L}\p{N}])/iu;
const CLAUSE = /[,;:–—]|\.\s|\s(?:and|but|while|whereas|which|although|because|so that)\s/iu;
const OFFER =
  /\?\s*$|^(?:we|i|let us|let['’]s|happy|glad|if (?:you|this|that)|perhaps we|maybe we|a (?:short|quick|20-minute))\b.{0,60}\b(?:can|could|would|may|might|happy|glad|like|love|talk|call|trial|show|help|send|share|compare|discuss|meet|look)\b/iu;
/** What an offer speaks of: us, you and what could be, never what is. */
const ASSERTS =
  /\b(?:you|your (?:team|company|engineers|models?)|they|it) (?:already |currently |now )?(?:are|is|has|have|run|runs|train|trains|use|uses|own|owns|spend|spends|need|needs|raised|plan|plans)\b/iu;

/** What a sentence is held against. */
export type SentenceFacts = {
  /** By number; from OWN_FROM on what the seller says of itself. */
  quotes: ReadonlyMap<number, string>;
  /** The company's and its contacts': these may be named anywhere. */
  names: readonly string[];
  /** Of whom a quote may speak that is not the company. */
  rivals?: readonly string[];
  sellerName?: string | null;
  neverClaim?: readonly string[];
};

/**
 * May this sentence stand in a pitch? A sentence of fact must cite quotes, and each of its clauses must be in one of them: its numbers,
 * its names, its denials, and every word that says something. What it says of the company rests on the company's sources, what it
 * says of the seller on the seller's own words, never one on the other. Without a citation only questions and offers pass, in words
 * that state nothing. Links, and what the seller never claims, pass never.
 */
export function checkSentence(sentence: WrittenSentence, facts: SentenceFacts): SentenceVerdict {
  // A model that writes its own citation marks could claim others than it gives.
  const text = cleanLine(sentence.text.replaceAll(/\s*\[S?\d+(?:,\s*S?\d+)*\]/g, ''));
  if (!/\p{L}/u.test(text)) return { ok: false, reason: 'empty' };
  const names = [...facts.names, ...(facts.sellerName ? [facts.sellerName] : [])];
  const bare = withoutNames(text, names);
  if (
    findStrangeLinks(text, []).length > 0 ||
    /\b[a-z0-9-]+\.(?:com|net|org|io|ai|dev|co|test)\b|@/iu.test(bare)
  )
    return { ok: false, reason: 'link' };
  if (/[{}<>`|\\]|\]\(|[\u{E000}\u{E001}]/u.test(text)) return { ok: false, reason: 'markup' };
  if (claimsWhatIsNot(text, facts.neverClaim ?? [])) return { ok: false, reason: 'never-claimed' };
  const cites = [...new Set(sentence.cites)].toSorted((a, b) => a - b);
  if (cites.some((number) => !facts.quotes.has(number))) return { ok: false, reason: 'no-such-source' };
  const quotes = cites.map((number) => facts.quotes.get(number) ?? '');
  const quoted = quotes.join('\n');
  if (numbersOf(bare).some((number) => !numbersOf(quoted).includes(number)))
    return { ok: false, reason: 'number' };
  if (namesIn(bare).some((name) => !wordsOf(quoted).has(foldWord(name))))
    return { ok: false, reason: 'name' };
  if (cites.length === 0) {
    const offers =
      OFFER.test(text) &&
      !ASSERTS.test(text) &&
      !PRESUPPOSES.test(text) &&
      sayingWords(bare).every((word) => OFFER_WORDS.has(word) || OFFER_WORDS.has(word.replace(/s$/, '')));
    return offers ? { ok: true, text } : { ok: false, reason: 'uncited' };
  }
  const isOwn = cites.some((number) => number >= OWN_FROM);
  if (isOwn && cites.some((number) => number < OWN_FROM)) return { ok: false, reason: 'joined' };
  const said = isOwn ? text : text.replace(NOTICED, '');
  if (speaksForTheWrong(said, isOwn, facts)) return { ok: false, reason: 'speaker' };
  const clauses = said.split(CLAUSE).flatMap((clause) => {
    const rest = withoutNames(clause ?? '', names);
    return sayingWords(rest).length === 0 ? [] : [{ text: clause, rest }];
  });
  if (clauses.length === 0) return { ok: false, reason: 'unsupported' };
  for (const clause of clauses) {
    const reason = judgeClause(clause, quotes, facts.rivals ?? []);
    if (reason !== null) return { ok: false, reason };
  }
  const marks = cites.map((number) => (isOwn ? `[S${number - OWN_FROM + 1}]` : `[${number}]`)).join('');
  return { ok: true, text: `${text.replace(/([.!?])$/, '')} ${marks}${/[.!?]$/.exec(text)?.[0] ?? '.'}` };
}

/** Is the clause said by one quote alone, and there of the same company and with the same yes or no? */
function judgeClause(
  clause: { text: string; rest: string },
  quotes: readonly string[],
  rivals: readonly string[],
): 'unsupported' | 'joined' | 'negation' | 'speaker' | null {
  const words = sayingWords(clause.rest).map(stem);
  const numbers = numbersOf(clause.rest);
  const says = (quote: string): boolean => {
    const known = stemsOf(quote);
    return (
      words.every((word) => known.has(word)) && numbers.every((number) => numbersOf(quote).includes(number))
    );
  };
  const whole = quotes.find(says);
  if (whole === undefined) return says(quotes.join('\n')) ? 'joined' : 'unsupported';
  const share = (part: string): number => {
    const known = stemsOf(part);
    return words.filter((word) => known.has(word)).length;
  };
  const part = whole.split(CLAUSE).reduce((best, next) => (share(next) > share(best) ? next : best), '');
  if (NEGATION.test(clause.text) !== NEGATION.test(part)) return 'negation';
  const speaksOf = (text: string, name: string): boolean => text.toLowerCase().includes(name.toLowerCase());
  return rivals.some((name) => name !== '' && speaksOf(part, name) && !speaksOf(clause.text, name))
    ? 'speaker'
    : null;
}

/** Quotes of a company say "we", too: in our mouth that would be the seller. And what the seller says of itself is no fact about anybody else. */
function speaksForTheWrong(text: string, isOwn: boolean, facts: SentenceFacts): boolean {
  const { sellerName = null, names } = facts;
  const namesSeller = sellerName !== null && text.startsWith(sellerName);
  if (!isOwn) return FIRST_PERSON.test(text) || namesSeller;
  const opens = namesSeller || /^(?:with )?(?:we|our)\b/iu.test(text);
  return !opens || ASSERTS.test(text) || names.some((name) => name !== '' && text.includes(name));
}

/** Does it say what the seller never claims: nearly all the words that say something, in whatever form and order? */
export function claimsWhatIsNot(text: string, neverClaim: readonly string[]): boolean {
  const known = stemsOf(text);
  return neverClaim.some((claim) => {
    const words = [...new Set(sayingWords(claim).map(stem))];
    const said = words.filter((word) => known.has(word)).length;
    return words.length > 0 && said >= Math.min(words.length, Math.max(1, Math.ceil(words.length * 0.7)));
  });
}

/** The words that say something, folded. Short ones of other scripts are words as well. */
function sayingWords(text: string): string[] {
  return [...wordsOf(text)].filter(
    (word) =>
      !GLUE.has(word) && !/^\p{N}+$/u.test(word) && !/^(?:s|t|d|ll|re|ve|m)$/u.test(word) && !isDenial(word),
  );
}

/** Yes and no are compared apart. */
function isDenial(word: string): boolean {
  return NEGATION.test(word);
}

function stemsOf(text: string): Set<string> {
  return new Set([...wordsOf(text)].map(stem));
}

function withoutNames(text: string, names: readonly string[]): string {
  return names
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, name) => (name === '' ? rest : rest.replaceAll(name, ' ')), text);
}

/** Numbers as written, in digits or words from two to twelve and the large ones. */
function numbersOf(text: string): string[] {
  const digits = [...text.matchAll(/\p{N}+(?:[.,]\p{N}+)*/gu)].map(([number]) => number.replaceAll(',', ''));
  const words = [
    ...text
      .toLowerCase()
      .matchAll(
        /\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|dozens?|hundreds?|thousands?|millions?|billions?|half|halved|doubl\w+|twice|thrice|tripl\w+|quadrupl\w+|\w+fold|percent|majority)\b/g,
      ),
  ].map(([word]) => word.replace(/s$/, ''));
  return [...digits, ...words];
}

/** Capitalised words, those that open a sentence only where they are no ordinary words, and words with capitals or digits inside. */
function namesIn(text: string): string[] {
  const words = splitWords(text);
  return words
    .filter(({ text: word, start }) => {
      const opens = /(?:^|[.!?:]\s+)["“'‘(\s]*$/u.test(text.slice(0, start));
      return (
        /^\p{Lu}\p{L}*[\p{Lu}\p{N}]/u.test(word) || (/^\p{Lu}/u.test(word) && !(opens && isOrdinary(word)))
      );
    })
    .map((word) => word.text)
    .filter((word) => !/^(?:I|GPUs?|AI|ML|CPU|API)$/u.test(word));
}

/** A word that may open a sentence with a capital and is no name. */
function isOrdinary(word: string): boolean {
  const lower = foldWord(word);
  return lower.length <= 3 || GLUE.has(lower) || /(?:ing|ed)$/.test(lower);
}

function wordsOf(text: string): Set<string> {
  return new Set(splitWords(text).map((word) => foldWord(word.text)));
}

function stem(word: string): string {
  return word.replace(/(?:ings?|ers?|ed|es|s|ly|e)$/, '');
}
