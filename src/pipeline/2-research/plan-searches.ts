import type { SearchQuery } from '../../connectors/search.ts';
import type { ResearchQuestion } from '../scoring-model.ts';
import type { SourceKind } from '../store/sources.ts';
import { plainName } from './company-name.ts';

export type PlannedSearch = {
  /** Keys of the questions that it answers. */
  questions: string[];
  /** What its results are, if their address does not say otherwise. */
  kind: SourceKind;
  ttlHours: number;
  query: SearchQuery;
};

// Tavily refuses longer queries; a name alone never gets near it.
const LONGEST_QUERY = 400;

function fill(template: string, company: { name: string; domain: string }): string {
  // A quote in a name would end the quoted phrase around it.
  const name =
    plainName(company.name)
      .replace(/["“”„]/g, '')
      .trim() || company.domain;
  const text = template.replaceAll('{name}', name).replaceAll('{domain}', company.domain);
  return text.replace(/\s+/g, ' ').trim().slice(0, LONGEST_QUERY);
}

/**
 * The scoring model's questions → the searches that one company needs, in the model's order. The same company and questions give the
 * same searches, so that stored answers are found again; questions that come down to one search are asked once, under the shorter TTL.
 */
export function planSearches(
  questions: readonly ResearchQuestion[],
  company: { name: string; domain: string },
): PlannedSearch[] {
  const planned = new Map<string, PlannedSearch>();
  for (const question of questions) {
    const query: SearchQuery = {
      query: fill(question.query, company),
      topic: question.topic,
      maxResults: question.maxResults,
      // The company's own pages are read directly; elsewhere they would only take the place of what others say.
      ...(question.ownSiteOnly ? { includeDomains: [company.domain] } : { excludeDomains: [company.domain] }),
    };
    const key = JSON.stringify(query);
    const same = planned.get(key);
    if (same === undefined)
      planned.set(key, {
        questions: [question.key],
        kind: question.kind,
        ttlHours: question.ttlHours,
        query,
      });
    else {
      same.questions.push(question.key);
      same.ttlHours = Math.min(same.ttlHours, question.ttlHours);
    }
  }
  return [...planned.values()];
}
