import type { Source } from '../store/sources.ts';
import { checkStatement } from './quote-check.ts';
import { orderSources, type ReadCompany } from './reading-prompt.ts';
import { escapePattern } from './escape-pattern.ts';
import { splitSentences } from './sentences.ts';
import { namesOf } from './names.ts';

/** A sentence about the company and where it stands. */
export type Statement = { quote: string; sourceId: string; url: string };

/** What the sources say about the company; null or an empty list: unknown. */
export type Overview = {
  profile: Statement | null;
  capabilities: Statement[];
  positioning: Statement | null;
  useCases: Statement[];
  targetCustomers: Statement[];
  /** Inferred by a text model, no facts; empty without one. */
  objections: string[];
};

const MOST = 3;
const MOST_SENTENCES = 400;

// The company's names stand masked in what these are tried on: patterns that are the same for every company are compiled once.
const SUBJECT = String.raw`(?:we|our (?:[a-z-]+\s){0,3}[a-z-]+|the company|the platform|the product|it|NAMED)`;
const PATTERNS = {
  positioning: new RegExp(
    String.raw`^${SUBJECT}\b.{0,80}\b(?:the (?:first|only|leading|largest|fastest|most)|world['’]s|unlike|better than|alternative to|leader in)\b`,
    'i',
  ),
  targetCustomers: new RegExp(
    String.raw`\b(?:(?:our|its|their) (?:customers|clients|users) (?:are|include|range)|customers include|(?:built|made|designed|created|intended) for|trusted by|used by|serves?\s(?:[a-z]+\s){0,3}(?:customers|clients|companies|teams|businesses|industries)|helps?\s(?:[a-z]+\s){0,3}(?:teams|companies|businesses|developers|engineers|researchers|enterprises|owners|managers))\b`,
    'i',
  ),
  useCases: new RegExp(
    String.raw`\b(?:use cases?|used (?:to|for|in)|uses? (?:it|us|our [a-z]+|NAMED) (?:to|for)|applications? (?:include|range|such)|lets? you|enables?\s(?:[a-z]+\s){0,3}to|so (?:you|that) (?:can)?)\b`,
    'i',
  ),
  capabilities: new RegExp(
    String.raw`^${SUBJECT}\b.{0,60}\b(?:offers?|provides?|detects?|automates?|generates?|runs?|supports?|integrates?|combines?|delivers?|builds?|develops?|trains?|makes?|manages?|processes|analy[sz]es|predicts?|optimi[sz]es|handles?|creates?|connects?|monitors?|uses?)\b`,
    'i',
  ),
  profile: new RegExp(
    String.raw`^(?:NAMED|we|the company)(?:,[^,]{2,60},|\s\([^)]{1,60}\))?\s(?:is|are|provides?|offers?|develops?|builds?|makes?|operates?|engages?|designs?|manufactures?|helps?|creates?|sells?|delivers?)\b`,
    'i',
  ),
};

/** Sources → an overview by rules: each entry a whole sentence of a source, each sentence once, the most credible source first. */
export function findOverview(sources: readonly Source[], company: ReadCompany): Overview {
  const names = namesOf(company);
  const named = new RegExp(names.map(escapePattern).join('|'), 'gi');
  const sentences = takeSentences(sources).map(({ text, source }) => {
    const lower = text.toLowerCase();
    const isNamed = names.some((name) => lower.includes(name.toLowerCase()));
    return { text, source, masked: isNamed ? text.replaceAll(named, 'NAMED') : text };
  });
  const used = new Set<string>();
  const take = (pattern: RegExp, most: number): Statement[] => {
    const taken: Statement[] = [];
    for (const { text, source, masked } of sentences) {
      if (taken.length >= most) break;
      if (used.has(text) || !pattern.test(masked)) continue;
      const checked = checkStatement({ quote: text, source, company });
      if (!checked.ok) continue;
      used.add(text);
      taken.push({ quote: checked.quote, sourceId: source.id, url: source.url });
    }
    return taken;
  };
  return {
    profile: take(PATTERNS.profile, 1)[0] ?? null,
    positioning: take(PATTERNS.positioning, 1)[0] ?? null,
    targetCustomers: take(PATTERNS.targetCustomers, MOST),
    useCases: take(PATTERNS.useCases, MOST),
    capabilities: take(PATTERNS.capabilities, MOST),
    objections: [],
  };
}

/** The first sentences of a fit length, best source first; no more are split than are wanted. */
function takeSentences(sources: readonly Source[]): { text: string; source: Source }[] {
  const taken: { text: string; source: Source }[] = [];
  for (const source of orderSources(sources)) {
    for (const { text } of splitSentences(source.text)) {
      if (taken.length === MOST_SENTENCES) return taken;
      if (text.length >= 25 && text.length <= 400) taken.push({ text, source });
    }
  }
  return taken;
}
