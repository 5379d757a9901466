// Characters that show nothing and can carry hidden words or break real ones apart (OWASP LLM01): Unicode tags, variation
// selectors, zero-width and bidirectional controls, fillers, soft hyphens, and control characters that are no white space.
const INVISIBLE = /[[\p{Default_Ignorable_Code_Point}\p{Cc}\uFFF9-\uFFFB]--[\t\n\v\f\r]]/gv;
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Text without characters that no reader sees. Zero-width joiners go too: no word of evidence needs one. */
export function dropInvisible(text: string): string {
  return text.replace(LONE_SURROGATE, '').replace(INVISIBLE, '');
}

/** One line: invisible characters gone, runs of white space folded. */
export function oneLine(text: string): string {
  return dropInvisible(text).replace(/\s+/g, ' ').trim();
}
