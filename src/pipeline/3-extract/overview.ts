import type { Source } from '../store/sources.ts';
import { checkStatement } from './quote-check.ts';
import { orderSources, type ReadCompany } from './reading-prompt.ts';
import { escapePattern } from './escape-pattern.ts';
import { splitSentences } from './sentences.ts';
import { namesOf } from './speaker.ts';

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

const SUBJECT = String.raw`(?:we|our (?:[a-z-]+\s){0,3}[a-z-]+|the company|the platform|the product|it|NAMES)`;
const PATTERNS = {
  positioning: String.raw`^${SUBJECT}\b.{0,80}\b(?:the (?:first|only|leading|largest|fastest|most)|world['’]s|unlike|better than|alternative to|leader in)\b`,
  targetCustomers: String.raw`\b(?:(?:our|its|their) (?:customers|clients|users) (?:are|include|range)|customers include|(?:built|made|designed|created|intended) for|trusted by|used by|serves?\s(?:[a-z]+\s){0,3}(?:customers|clients|companies|teams|businesses|industries)|helps?\s(?:[a-z]+\s){0,3}(?:teams|companies|businesses|developers|engineers|researchers|enterprises|owners|managers))\b`,
  useCases: String.raw`\b(?:use cases?|used (?:to|for|in)|uses? (?:it|us|our [a-z]+|NAMES) (?:to|for)|applications? (?:include|range|such)|lets? you|enables?\s(?:[a-z]+\s){0,3}to|so (?:you|that) (?:can)?)\b`,
  capabilities: String.raw`^${SUBJECT}\b.{0,60}\b(?:offers?|provides?|detects?|automates?|generates?|runs?|supports?|integrates?|combines?|delivers?|builds?|develops?|trains?|makes?|manages?|processes|analy[sz]es|predicts?|optimi[sz]es|handles?|creates?|connects?|monitors?|uses?)\b`,
} as const;
const PROFILE = String.raw`^(?:NAMES|we|the company)(?:,[^,]{2,60},|\s\([^)]{1,60}\))?\s(?:is|are|provides?|offers?|develops?|builds?|makes?|operates?|engages?|designs?|manufactures?|helps?|creates?|sells?|delivers?)\b`;

/** Sources → an overview by rules: each entry a whole sentence of a source, each sentence once, the most credible source first. */
export function findOverview(sources: readonly Source[], company: ReadCompany): Overview {
  const names = namesOf(company).map(escapePattern).join('|');
  const compile = (pattern: string): RegExp => new RegExp(pattern.replaceAll('NAMES', names), 'i');
  const sentences = orderSources(sources)
    .flatMap((source) => [...splitSentences(source.text)].map(({ text }) => ({ text, source })))
    .filter(({ text }) => text.length >= 25 && text.length <= 400)
    .slice(0, MOST_SENTENCES);
  const used = new Set<string>();
  const take = (pattern: RegExp, most: number): Statement[] => {
    const taken: Statement[] = [];
    for (const { text, source } of sentences) {
      if (taken.length >= most) break;
      if (used.has(text) || !pattern.test(text)) continue;
      const checked = checkStatement({ quote: text, source, company });
      if (!checked.ok) continue;
      used.add(text);
      taken.push({ quote: checked.quote, sourceId: source.id, url: source.url });
    }
    return taken;
  };
  return {
    profile: take(compile(PROFILE), 1)[0] ?? null,
    positioning: take(compile(PATTERNS.positioning), 1)[0] ?? null,
    targetCustomers: take(compile(PATTERNS.targetCustomers), MOST),
    useCases: take(compile(PATTERNS.useCases), MOST),
    capabilities: take(compile(PATTERNS.capabilities), MOST),
    objections: [],
  };
}
