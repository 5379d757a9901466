/**
 * Text from outside → plain text that is safe to show anywhere: no controls (but line breaks), no invisible or bidirectional
 * marks, no lone surrogates, no characters for private use.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]|[\p{Cf}\p{Co}\u{FE00}-\u{FE0F}\u{FFFE}\u{FFFF}]/gu, '')
    .replaceAll('\t', ' ');
}

/** The same on one line. */
export function cleanLine(text: string): string {
  return cleanText(text).replaceAll(/\s+/g, ' ').trim();
}

// With a scheme, with www., or a host with a path or query: what CRMs, Slack and mail readers turn into a link.
const LINK =
  /(?:[a-z][a-z0-9+.-]{1,20}:\/\/|www\.)[^\s<>"“”]+|\b(?:mailto|javascript|data|vbscript):[^\s<>"“”]+|(?<![\p{L}\p{N}@.-])(?:[\p{L}\p{N}-]{1,63}\.)+\p{L}{2,24}(?:[/?#][^\s<>"“”]*)/giu;
/** Punctuation that ends a sentence, not an address. Without looking back, a long run of it is tried from each of its characters. */
const TRAIL = /(?<![.,;:!?)\]}'’])[.,;:!?)\]}'’]+$/u;

/** Text → the links in it that are not among `allowed`. */
export function findStrangeLinks(text: string, allowed: Iterable<string>): string[] {
  const known = new Set(allowed);
  return [...text.matchAll(LINK)].map(([link]) => link).filter((link) => !isKnown(link, known));
}

/** Text → the same, where each link that is not among `allowed` reads "[link removed]". So no page can place one in our output. */
export function removeStrangeLinks(text: string, allowed: Iterable<string>): string {
  const known = new Set(allowed);
  return text.replaceAll(LINK, (link) =>
    isKnown(link, known) ? link : `[link removed]${TRAIL.exec(link)?.[0] ?? ''}`,
  );
}

function isKnown(link: string, known: ReadonlySet<string>): boolean {
  return known.has(link) || known.has(link.replace(TRAIL, '')) || known.has(link.replace(/\)[.,;:!?]*$/, ''));
}
