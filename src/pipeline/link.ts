/** An address that may be put into a link: http or https, without credentials; null for anything else (javascript:, data:, …). */
export function safeLink(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) return null;
  if (parsed.username !== '' || parsed.password !== '') return null;
  return parsed.href;
}

// A long passage must match the page letter by letter to be found; its first and last words are enough.
const WORDS_AT_EACH_END = 5;

/**
 * A link that opens the page at the quote and marks it there (a text fragment; browsers that don't know it open the page:
 * https://wicg.github.io/scroll-to-text-fragment/).
 */
export function linkToQuote(url: string, quote: string): string | null {
  const link = safeLink(url);
  if (link === null) return null;
  const words = quote.trim().split(/\s+/);
  const encode = (part: string[]): string =>
    encodeURIComponent(part.join(' ').toWellFormed()).replaceAll('-', '%2D');
  const passage =
    words.length <= WORDS_AT_EACH_END * 2
      ? encode(words)
      : `${encode(words.slice(0, WORDS_AT_EACH_END))},${encode(words.slice(-WORDS_AT_EACH_END))}`;
  return `${link}${link.includes('#') ? '' : '#'}:~:text=${passage}`;
}

/** "https://www.acme.example/a/b" → "acme.example/a/b", cut to what a line holds. */
export function shortenUrl(url: string): string {
  const bare = url.replace(/^https?:\/\/(www\.)?/, '').replace(/\/$/, '');
  return bare.length > 64 ? `${bare.slice(0, 63)}…` : bare;
}
