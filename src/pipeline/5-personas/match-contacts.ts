import type { CrmObject } from '../../connectors/crm.ts';
import type { ScoringModel } from '../scoring-model.ts';
import { compileTerms } from '../scoring-model-terms.ts';
import type { Persona, PersonaMatch } from '../store/personas.ts';
import type { ChosenPersona } from './choose-personas.ts';
import { isNotTheRole, measureSeniority, normalizeTitle } from './read-title.ts';

/** A contact or lead of a connected CRM. */
export type CrmPerson = {
  connectionId: string;
  object: CrmObject;
  externalId: string;
  name: string | null;
  title: string | null;
};

const MOST_MATCHES = 5;

/**
 * Chosen personas and the company's people in its CRMs → personas with the people whose titles fit the role, most senior first, at
 * most five each. Only records of a CRM are ever matched: nobody is made up, and someone without a name or title matches nothing.
 */
export function matchContacts(options: {
  personas: readonly ChosenPersona[];
  people: readonly CrmPerson[];
  model: ScoringModel;
}): Persona[] {
  const people = options.people.flatMap((person) => {
    const { name, title, connectionId, object, externalId } = person;
    if (!name?.trim() || !title?.trim()) return [];
    const normalized = normalizeTitle(title);
    if (isNotTheRole(normalized)) return [];
    const match: PersonaMatch = {
      connectionId,
      object,
      externalId,
      name: oneLine(name),
      title: oneLine(title),
    };
    return [{ match, normalized, seniority: measureSeniority(normalized) }];
  });
  return options.personas.map((persona) => {
    const role = options.model.personas.find((candidate) => candidate.key === persona.role);
    const fits = compileTerms((role?.titles ?? []).flatMap(spellings));
    const matches = people
      .filter(({ normalized }) => role !== undefined && fits(normalized))
      .toSorted((a, b) => b.seniority - a.seniority || compare(keyOf(a.match), keyOf(b.match)))
      .slice(0, MOST_MATCHES)
      .map(({ match }) => match);
    return { ...persona, matches };
  });
}

/** A role's title term as written, and in the form to which titles are brought. */
function spellings(term: string): string[] {
  const star = term.endsWith('*') ? '*' : '';
  const normalized = normalizeTitle(term.replace(/\*$/, ''));
  return normalized === '' ? [term] : [term, `${normalized}${star}`];
}

function keyOf(match: PersonaMatch): string {
  return `${match.name}\n${match.connectionId}\n${match.object}\n${match.externalId}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .toWellFormed();
}
