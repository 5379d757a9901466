import { escapePattern } from './escape-pattern.ts';
import type { Stretch } from './sentence-doubts.ts';

// "The only large render farm …": words that may stand before what there is only one of.
const BEFORE_IT = 3;
/** Words from it to its verb: "the only render farm at our house in the woods is …". */
const TO_ITS_VERB = 8;
const IS = /^(?:is|are|was|were)$/i;
// "The only cluster of its kind is ours", "… is one that we built": it is theirs, and there.
const OURS = /^(?:we|us|our|ours|own)$/i;

/**
 * Does a sentence say that the only such thing is something else ("The only render farm here is Petra's tin")? That is a denial, and no
 * word of it is one. `clauseOf`: the clause of each word.
 */
export function isOnlySomethingElse(
  {
    sentence,
    words,
    clauseOf,
    ownNames,
  }: {
    sentence: string;
    words: readonly { text: string; start: number; end: number }[];
    clauseOf: readonly number[];
    ownNames: readonly string[];
  },
  claim: Stretch,
): boolean {
  const from = words.findIndex((word) => word.end > claim.start);
  const to = words.findLastIndex((word) => word.start < claim.end);
  const clause = clauseOf[from];
  const isIn = (at: number): boolean => clauseOf[at] === clause;
  const only = words.findIndex(
    ({ text }, at) =>
      at < from &&
      from - at <= BEFORE_IT &&
      isIn(at) &&
      /^only$/i.test(text) &&
      /^(?:the|our)$/i.test(words[at - 1]?.text ?? ''),
  );
  if (only < 0) return false;
  const verb = words.findIndex(
    ({ text }, at) => at > to && at - to <= TO_ITS_VERB && isIn(at) && IS.test(text),
  );
  if (verb < 0) return false;
  const rest = words.filter((_, at) => at > verb && isIn(at));
  const [first, last] = [rest.at(0), rest.at(-1)];
  if (first === undefined || last === undefined || rest.some(({ text }) => OURS.test(text))) return false;
  const said = sentence.slice(first.start, last.end);
  return !ownNames.some((name) =>
    new RegExp(String.raw`(?<![\p{L}\p{N}])${escapePattern(name)}(?![\p{L}\p{N}])`, 'iu').test(said),
  );
}
