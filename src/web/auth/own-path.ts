const LONGEST = 1_000;

/** Where somebody wanted to go: a path of ours, or the start page where what was asked for is anything else. */
export function ownPath(wanted: unknown): string {
  const start = '/';
  if (typeof wanted !== 'string' || wanted.length > LONGEST) return start;
  // Browsers take a backslash for a slash and drop tabs and line ends, so that "/\evil.example" and "/\t/evil.example" lead away.
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted) || wanted.includes('\\')) return start;
  // A base that nobody can name: whatever leads away from it is no path of ours.
  const base = 'http://fieldnote.invalid';
  if (!URL.canParse(wanted, base)) return start;
  const url = new URL(wanted, base);
  if (url.origin !== base || url.pathname.startsWith('//') || /^\/sign-(in|out)(\/|$)/.test(url.pathname))
    return start;
  return url.pathname + url.search + url.hash;
}
