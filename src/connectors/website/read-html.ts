import { Readability } from '@mozilla/readability';
import { blockText } from './block-text.ts';
import { findFrame } from './boilerplate.ts';
import { isElement, parseDocument, walk } from './dom.ts';
import type { DomDocument, DomNode } from './dom.ts';
import { removeHidden } from './hidden.ts';
import { findComplexity } from './too-complex.ts';
import { baseOf, findLinks, findPublished, findTitle, keepOwnLinks } from './page-facts.ts';
import type { PageLink } from '../page-reader.ts';

export type ReadPage = { title: string; text: string; published: string | null; links: PageLink[] };

// Below this share of the visible text, Readability has thrown away what a company page says (facts: it is made for articles).
const LITTLE = 0.4;
// Readability's time grows with depth times size: 3,000 nested elements took 27 s. Real pages stay far below these.
const DEEPEST = 200;
const MOST_ELEMENTS = 20_000;
const LONGEST_TEXT = 200_000;

function measure(document: DomDocument): { depth: number; elements: number } {
  let depth = 0;
  let elements = 0;
  if (document.documentElement !== null)
    walk(document.documentElement, (node, at) => {
      if (isElement(node)) elements += 1;
      depth = Math.max(depth, at);
      return true;
    });
  return { depth, elements };
}

function articleText(document: DomDocument): string {
  try {
    return extractArticle(document);
  } catch {
    // Readability fails on some broken markup; then the page is taken whole.
    return '';
  }
}

function extractArticle(document: DomDocument): string {
  const reader = new Readability<string>(document, {
    charThreshold: 200,
    serializer: (node: DomNode) => blockText(node),
  });
  return reader.parse()?.content ?? '';
}

/**
 * Reads an HTML page: only what a visitor sees, without navigation, banners and footer. Articles go through Readability; front
 * pages, and pages of which it keeps little, are taken whole.
 * @param url the page's address after redirects, for its links
 * @param now dates later than this are not believed
 * @returns the page, or why its markup can't be read in reasonable time
 */
export function readHtml(html: string, url: string, now: Date): ReadPage | { tooComplex: string } {
  const complexity = findComplexity(html);
  if (complexity !== null) return { tooComplex: complexity };
  let document;
  try {
    document = parseDocument(html);
  } catch (error) {
    // The parser spreads long lists onto the stack.
    if (error instanceof RangeError) return { tooComplex: error.message };
    throw error;
  }
  return readDocument(document, url, now);
}

function readDocument(document: DomDocument, url: string, now: Date): ReadPage | { tooComplex: string } {
  const published = findPublished(document, now);
  const title = findTitle(document);
  const base = baseOf(document, url);
  if (!removeHidden(document)) return { tooComplex: 'too many style rules' };
  const links = keepOwnLinks(findLinks(document), base, url);
  const root = document.documentElement;
  if (root === null) return { title, text: '', published, links };

  const whole = blockText(root, findFrame(root));
  const { depth, elements } = measure(document);
  const front = (URL.parse(url)?.pathname ?? '/') === '/';
  const readable = !front && depth <= DEEPEST && elements <= MOST_ELEMENTS;
  const article = readable ? articleText(document) : '';
  const text = article.length >= whole.length * LITTLE && article !== '' ? article : whole;
  return { title, text: (text === '' ? blockText(root) : text).slice(0, LONGEST_TEXT), published, links };
}
