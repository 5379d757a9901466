import type { SourceKind } from '../store/sources.ts';
import { plainName, siteOf, slugOf } from './company-name.ts';

export type Found = { url: string; title: string; text: string };
export type AboutVerdict = { about: boolean; why: string };

/** What else is known when a document is judged. */
export type AboutContext = {
  /** What the company's own site says; empty when it could not be read. */
  ownText: string;
  /** Sites of other companies that bear the same name: see findNamesakes. */
  namesakes: readonly string[];
};

const LONGEST_LOOKED_AT = 50_000;
// Names of one word this short are often words of the language; longer ones, or with digits or inner capitals, hardly ever.
const DISTINCT_LENGTH = 10;
const SHARED_NAMES = 2;

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

function countName(text: string, name: string): number {
  // CJK has no word boundaries; elsewhere the name must stand by itself. Capitals count: "Loaf" is a name, "loaf" is bread.
  const cjk = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/u.test(name);
  const body = escape(name).replace(/\\?\s+/g, String.raw`[\s\u00a0-]+`);
  const pattern = cjk ? body : String.raw`(?<![\p{L}\p{N}])${body}(?![\p{L}\p{N}])`;
  return [...text.matchAll(new RegExp(pattern, 'gu'))].length;
}

function mentionsDomain(text: string, domain: string): boolean {
  // Most texts do not name it at all: a plain search tells, and spares compiling the pattern (measured: 1 ms each).
  if (!text.toLowerCase().includes(domain)) return false;
  return new RegExp(
    String.raw`(?<![\p{L}\p{N}.@-]|[\p{L}\p{N}]\.)(?:www\.)?${escape(domain)}(?![\p{L}\p{N}-]|\.[\p{L}])|@${escape(domain)}(?![\p{L}\p{N}-])`,
    'iu',
  ).test(text);
}

/** Capitalised words inside sentences: people, places, products. */
function properNames(text: string): Set<string> {
  const names = text.matchAll(/(?<=[\p{Ll}\p{N},;:–-] )\p{Lu}[\p{L}\p{N}-]{2,}/gu);
  return new Set([...names].map(([name]) => name));
}

function isDistinctName(name: string): boolean {
  return (
    /\s/.test(name) ||
    name.length >= DISTINCT_LENGTH ||
    /\d|\p{Ll}\p{Lu}/u.test(name) ||
    /[^\p{Script=Latin}\p{N}\s]/u.test(name)
  );
}

/**
 * Other companies' own sites among search results that bear the same name: another registrable domain whose label begins with the
 * company's name and whose page says that name.
 */
export function findNamesakes(found: readonly Found[], company: { name: string; domain: string }): string[] {
  const slug = slugOf(company.name);
  const name = plainName(company.name);
  if (slug.length < 3) return [];
  const sites = found.flatMap(({ url, title, text }) => {
    const site = siteOf(url);
    if (site === null || site === company.domain) return [];
    const label = (site.split('.')[0] ?? '').replace(/[^a-z0-9]/g, '');
    return label.startsWith(slug) && countName(`${title}\n${text.slice(0, LONGEST_LOOKED_AT)}`, name) > 0
      ? [site]
      : [];
  });
  return [...new Set(sites)].toSorted();
}

/**
 * Is a document about this company? Its own pages are. Anything else must name its domain, or its full name as words: a name that could
 * be a word of the language in the title or twice. A company of the same name on another domain is somebody else; where one is known, the
 * document must also share people, places or products with the company's own site.
 */
export function judgeAbout(
  found: Found,
  company: { name: string; domain: string },
  context: AboutContext,
): AboutVerdict {
  const site = siteOf(found.url);
  if (site === company.domain) return { about: true, why: 'the company’s own site' };
  if (site !== null && context.namesakes.includes(site))
    return { about: false, why: `the site of another company of that name (${site})` };
  const text = `${found.title}\n${found.text.slice(0, LONGEST_LOOKED_AT)}`;
  if (mentionsDomain(text, company.domain)) return { about: true, why: `names ${company.domain}` };
  const other = context.namesakes.find((namesake) => mentionsDomain(text, namesake));
  if (other !== undefined) return { about: false, why: `speaks of ${other}, another company of that name` };

  const name = plainName(company.name);
  const count = countName(text, name);
  if (count === 0) return { about: false, why: 'does not name the company' };
  const inTitle = countName(found.title, name) > 0;
  if (!inTitle && count < 2 && !isDistinctName(name))
    return { about: false, why: `says "${name}" once, which may be a word and not the company` };
  const label = (site?.split('.')[0] ?? '').replace(/[^a-z0-9]/g, '');
  if (label !== '' && label === slugOf(company.name))
    return { about: false, why: `stands on ${site ?? ''}, another domain of that name` };
  if (context.namesakes.length > 0) {
    const own = properNames(context.ownText);
    const nameWords = new Set(name.split(/\s+/));
    const shared = [...properNames(text)].filter((word) => own.has(word) && !nameWords.has(word));
    if (shared.length < SHARED_NAMES)
      return { about: false, why: 'another company bears the name, and nothing ties the text to this one' };
  }
  return { about: true, why: inTitle ? 'names the company in its title' : 'names the company' };
}

// Below this a provider's relevance says that hardly a word fits.
const LEAST_RELEVANCE = 0.15;

/** Search hits below the relevance threshold are left out; the company's own pages never are. */
export function isRelevant(kind: SourceKind, score: number): boolean {
  return kind === 'site' || kind === 'docs' || score >= LEAST_RELEVANCE;
}
