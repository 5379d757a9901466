import { escapePattern } from './escape-pattern.ts';
import { getDomain } from 'tldts';
import type { Source } from '../store/sources.ts';
import type { ReadCompany } from './reading-prompt.ts';
import { namesOf } from './names.ts';

const ADDRESS =
  /(?<![\p{L}\p{N}@.-])(?:https?:\/\/)?(?:www\.)?((?:[a-z0-9-]{1,63}\.){1,3}[a-z]{2,24})(?![\p{L}\p{N}-])/giu;

/**
 * Is the document about somebody else with the same name? It is when it is the own site of another domain, or gives the name
 * another home (acme.io for acme.com) and never the company's. The company's own pages never are.
 */
export function isAboutNamesake(
  source: Pick<Source, 'url' | 'kind' | 'text' | 'title'>,
  company: ReadCompany,
): boolean {
  const domains = new Set(
    [company.domain, ...(company.otherDomains ?? [])].map((domain) => getDomain(domain) ?? domain),
  );
  const home = getDomain(source.url) ?? '';
  if (domains.has(home)) return false;
  const mentioned = new Set<string>();
  for (const match of `${source.title}\n${source.text}`.slice(0, 100_000).matchAll(ADDRESS)) {
    const domain = getDomain((match[1] ?? '').toLowerCase());
    if (domain) mentioned.add(domain);
  }
  if ([...mentioned].some((domain) => domains.has(domain))) return false;
  if (source.kind === 'site' || source.kind === 'docs') return true;
  const labels = new Set([...domains].map(labelOf));
  if ([...mentioned].some((domain) => labels.has(labelOf(domain)))) return true;
  return saysUnrelated(source.text, company);
}

function labelOf(domain: string): string {
  return domain.split('.')[0] ?? domain;
}

function saysUnrelated(text: string, company: ReadCompany): boolean {
  const names = namesOf(company)
    .map((name) => escapePattern(name))
    .join('|');
  return new RegExp(
    String.raw`\b(?:not (?:to be )?(?:confused|mistaken|affiliated|associated|related|connected)(?: with| for| to)?|no (?:relation|connection|affiliation) (?:to|with)|unrelated to)\b.{0,40}\b(?:${names})\b`,
    'iu',
  ).test(text);
}
