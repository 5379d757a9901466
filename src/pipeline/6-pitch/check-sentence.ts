import { foldWord, splitWords } from '../scoring-model-terms.ts';
import { cleanLine, findStrangeLinks } from '../plain-text.ts';

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
        | 'unsupported'
        | 'uncited';
    };

/** Words with which a sentence is built, whatever it says. */
const GLUE = new Set(
  'about after again all also although always among and another any are around based because been before being best between both but can case clear clearly company could day does doing done down each either else especially even every far few first for from further get give given gives goes going good has have having here how into its itself just keep kind know lets like likely long make makes making many matter may means might more most much must near need needs new next not now off often once one only onto other our out over own part per place point points present put rather really right same say says seem seems several should show shows since small some something still such suggests take takes team than that the their them then there these they thing things this those through thus today together too toward towards under until upon use used uses using very want wants was way week well were what when where whether which while who whose why will with within without work working works would year yet you your'.split(
    ' ',
  ),
);
const NEGATION =
  /\b(?:not|no|never|none|without|cannot|neither|nor|\p{L}+n['’]t|lacks?|instead|rather than|stopped|no longer)\b/iu;
/** So many of a factual sentence's content words must stand in the quotes that it cites. */
const SUPPORTED = 0.6;
const OFFER =
  /\?\s*$|^(?:we|i|let us|let['’]s|happy|glad|if (?:you|this|that)|perhaps we|maybe we|a (?:short|quick|20-minute))\b.{0,60}\b(?:can|could|would|may|might|happy|glad|like|love|talk|call|trial|show|help|send|share|compare|discuss|meet|look)\b/iu;
/** What an offer speaks of: us, you and what could be, never what is. */
const ASSERTS =
  /\b(?:you|your (?:team|company|engineers|models?)|they|it) (?:already |currently |now )?(?:are|is|has|have|run|runs|train|trains|use|uses|own|owns|spend|spends|need|needs|raised|plan|plans)\b/iu;

/**
 * May this sentence stand in a pitch? A sentence of fact must cite quotes, and everything it says must be in them: its numbers, its
 * names, its denials, and most of its words. Without a citation only questions and offers pass, if they hold no number and no name but
 * the company's and its contacts'. Links pass never.
 */
export function checkSentence(
  sentence: WrittenSentence,
  facts: { quotes: ReadonlyMap<number, string>; names: readonly string[] },
): SentenceVerdict {
  // A model that writes its own citation marks could claim others than it gives.
  const text = cleanLine(sentence.text.replaceAll(/\s*\[\d+(?:,\s*\d+)*\]/g, ''));
  if (!/\p{L}/u.test(text)) return { ok: false, reason: 'empty' };
  if (
    findStrangeLinks(text, []).length > 0 ||
    /\b[a-z0-9-]+\.(?:com|net|org|io|ai|dev|co|test)\b|@/iu.test(withoutNames(text, facts.names))
  )
    return { ok: false, reason: 'link' };
  if (/[{}<>`|\\]|\]\(|[\u{E000}\u{E001}]/u.test(text)) return { ok: false, reason: 'markup' };
  const cites = [...new Set(sentence.cites)];
  if (cites.some((number) => !facts.quotes.has(number))) return { ok: false, reason: 'no-such-source' };
  const quoted = cites.map((number) => facts.quotes.get(number) ?? '').join('\n');
  if (numbersOf(text).some((number) => !numbersOf(quoted).includes(number)))
    return { ok: false, reason: 'number' };
  if (namesIn(withoutNames(text, facts.names)).some((name) => !wordsOf(quoted).has(foldWord(name))))
    return { ok: false, reason: 'name' };
  if (cites.length === 0) {
    return OFFER.test(text) && !ASSERTS.test(text) ? { ok: true, text } : { ok: false, reason: 'uncited' };
  }
  if (NEGATION.test(text) !== NEGATION.test(quoted)) return { ok: false, reason: 'negation' };
  const words = [...wordsOf(withoutNames(text, facts.names))].filter(
    (word) => word.length > 2 && !GLUE.has(word),
  );
  const known = new Set([...wordsOf(quoted)].map(stem));
  const supported = words.filter((word) => known.has(stem(word))).length;
  if (words.length === 0 || supported / words.length < SUPPORTED) return { ok: false, reason: 'unsupported' };
  const marks = cites
    .toSorted((a, b) => a - b)
    .map((number) => `[${number}]`)
    .join('');
  return { ok: true, text: `${text.replace(/([.!?])$/, '')} ${marks}${/[.!?]$/.exec(text)?.[0] ?? '.'}` };
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
        /\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?|billions?|half|double[ds]?|twice|triple[ds]?|percent)\b/g,
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
