import { dropInvisible, oneLine } from './clean-text.ts';
import { parseDocument } from './dom.ts';
import { blockText } from './block-text.ts';
import { removeHidden } from './hidden.ts';
import { keepOwnLinks } from './page-facts.ts';
import type { ReadPage } from './read-html.ts';
import { findComplexity } from './too-complex.ts';

// What r.jina.ai puts before the Markdown (github.com/jina-ai/reader): "Title: …", "URL Source: …", "Published Time: …".
const HEADER_LINE = /^(Title|URL Source|Published Time|Number of Pages|Warning|Markdown Content):\s*(.*)$/;
const LONGEST_TEXT = 200_000;

type Header = { title: string; published: string | null; warning: string | null; body: string };

function splitHeader(markdown: string): Header {
  const header: Header = { title: '', published: null, warning: null, body: markdown };
  if (!/^(Title|URL Source):/.test(markdown.trimStart())) return header;
  const lines = markdown.trimStart().split('\n');
  for (const [index, line] of lines.entries()) {
    const match = HEADER_LINE.exec(line.trim());
    if (match === null && line.trim() !== '') return { ...header, body: lines.slice(index).join('\n') };
    const [, name, value = ''] = match ?? [];
    if (name === 'Title') header.title = oneLine(value);
    if (name === 'Published Time')
      header.published = Number.isNaN(Date.parse(value)) ? null : new Date(value).toISOString();
    if (name === 'Warning') header.warning = value;
    if (name === 'Markdown Content')
      return { ...header, body: [value, ...lines.slice(index + 1)].join('\n') };
  }
  return { ...header, body: '' };
}

// Raw HTML in Markdown may hide text as a page may: it goes through the same filter, lines kept.
function withoutHtml(markdown: string): string {
  if (!/<[a-z!/]/i.test(markdown)) return markdown;
  if (findComplexity(markdown) !== null) return '';
  const document = parseDocument(`<html><body>${markdown.replace(/\n/g, '<br>')}</body></html>`);
  if (!removeHidden(document)) return '';
  return document.documentElement === null ? '' : blockText(document.documentElement);
}

const LINK = /(!?)\[([^\]\n]{0,500})\]\(\s*<?([^\s)>]{1,2000})>?(?:\s+"[^"\n]{0,300}")?\s*\)/g;

function plainLine(line: string): string {
  return oneLine(
    line
      .replace(LINK, (_, image: string, text: string) => (image === '!' ? '' : text))
      .replace(/^\s*(#{1,6}\s+|>\s?|[-*+]\s+|\d{1,3}[.)]\s+)/, '')
      .replace(/(\*\*|__|~~|`)/g, '')
      .replace(/^\s*\|?[\s:|-]+\|?\s*$/, '')
      .replace(/\s*\|\s*/g, ' '),
  );
}

/**
 * Reads a Markdown (or plain text) answer of a reader service: its marks go, its words stay, links of the same site are kept.
 * @returns the page, and the service's own warning about the target's status, if it gives one
 */
export function readMarkdown(markdown: string, url: string): ReadPage & { warning: string | null } {
  const { title, published, warning, body } = splitHeader(dropInvisible(markdown.replace(/\r\n?/g, '\n')));
  const links = [...body.matchAll(LINK)]
    .filter(([, image]) => image === '')
    .map(([, , text = '', href = '']) => ({ text, href }));
  const lines = withoutHtml(body).split('\n').map(plainLine);
  const said = new Set<string>();
  const text = lines
    .filter((line) => {
      if (line === '' || said.has(line)) return false;
      said.add(line);
      return true;
    })
    .join('\n')
    .slice(0, LONGEST_TEXT);
  const heading = /^#\s+(.+)$/m.exec(body)?.[1];
  return {
    title: title || oneLine(heading ?? ''),
    text,
    published,
    links: keepOwnLinks(links, url, url),
    warning,
  };
}
