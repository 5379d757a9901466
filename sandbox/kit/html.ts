/** Markup that is safe to send. */
export type Html = { readonly markup: string };

type Part = Html | string | number | null | readonly Part[];

const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

function render(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'object') return 'markup' in part ? part.markup : part.map(render).join('');
  return escapeHtml(String(part));
}

/** Builds markup; whatever is filled in is escaped, but for markup that was built the same way. */
export function html(pieces: TemplateStringsArray, ...parts: Part[]): Html {
  return { markup: pieces.map((piece, index) => piece + render(parts[index] ?? null)).join('') };
}
