/** Tokens of a text, roughly and stably: four bytes each. */
export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** The beginning of a text that is at most so many tokens long, never ending within a character. */
export function cutTokens(text: string, tokens: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= tokens * 4) return text;
  let end = tokens * 4;
  // UTF-8 continuation bytes begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
