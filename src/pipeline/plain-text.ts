// England, Scotland and Wales: the flags that Unicode spells with invisible letters (emoji-sequences.txt). In any other order these could hide a text.
const FLAG =
  '\\u{1F3F4}\\u{E0067}\\u{E0062}(?:\\u{E0065}\\u{E006E}\\u{E0067}|\\u{E0073}\\u{E0063}\\u{E0074}|\\u{E0077}\\u{E006C}\\u{E0073})\\u{E007F}';
const HIDDEN = new RegExp(
  String.raw`(${FLAG})|[^\P{Cc}\n\t]|(?!\u200D)[\p{Cf}\p{Co}\u{FE00}-\u{FE0F}\u{FFFE}\u{FFFF}]`,
  'gu',
);
// Between two pictures a joiner makes them one; anywhere else it shows as nothing.
const STRAY_JOINER =
  /(?<!\p{Extended_Pictographic}\p{Emoji_Modifier}?)\u200D|\u200D(?!\p{Extended_Pictographic})/gu;

/**
 * Text from outside → plain text that is safe to show anywhere: no controls (but line breaks), no invisible or bidirectional
 * marks but those within one picture (👩‍💻), no lone surrogates, no characters for private use.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(HIDDEN, '$1')
    .replaceAll(STRAY_JOINER, '')
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
