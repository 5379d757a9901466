// Characters that show nothing: control characters other than white space, bidirectional and zero-width marks, Unicode tags, fillers.
const INVISIBLE = /[[\p{Default_Ignorable_Code_Point}\p{Cc}\uFFF9-\uFFFB]--[\t\n\v\f\r]]/gv;

/**
 * A text as it is stored and quoted: well-formed, without invisible characters, white space folded within lines, no empty lines.
 * Line breaks stay, since a heading and the sentence below it are two. Stripping twice changes nothing.
 */
export function stripText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\uFFFD', '')
    .replace(INVISIBLE, '')
    .split(/[\n\r\u2028\u2029]+/)
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n');
}

/** All white space folded to single spaces: what a quote is compared in. */
export function foldSpace(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
