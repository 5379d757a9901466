import { domainOf } from '../pipeline/1-sync/domain.ts';
import { readQuestion, unescapeText } from './question.ts';
import type { Question } from './question.ts';

/** Words that may name a template. `sure`: nothing else can be meant, so that an unknown one is worth saying. */
export type TemplateWords = { words: string; sure: boolean };

export type PitchQuestion = { question: Question; template: TemplateWords | null };

// "acme.com with the technical template", "acme.com as an email sequence"
const BEFORE = /^(?:(?:for|as|in|with|using|by|the|an?|template|pitch)\s+)+/i;
const BEHIND = /(?:\s+(?:template|version|pitch|for))+$/i;

/**
 * What somebody typed behind `/pitch`: companies as behind `/score`, and words beside an address that name a template: "acme.com
 * technical". Behind a name nobody can tell yet where it ends: templates are looked for there once no company is called so.
 */
export function readPitchQuestion(typed: string): PitchQuestion {
  const question = readQuestion(typed);
  const text = unescapeText(typed);
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const isAddress = words.map(holdsDomain);
  const last = isAddress.lastIndexOf(true);
  // Behind a comma stands another company.
  const hasNames = question.kind === 'companies' && question.asked.some((one) => 'name' in one);
  if (last === -1 || hasNames) return { question, template: null };
  const named = (from: number, to?: number): string =>
    words.slice(from, to).join(' ').replace(BEFORE, '').replace(BEHIND, '');
  const behind = named(last + 1);
  if (behind !== '') return { question, template: { words: behind, sure: true } };
  const before = named(0, isAddress.indexOf(true));
  return { question, template: before === '' ? null : { words: before, sure: false } };
}

function holdsDomain(word: string): boolean {
  return /[.@]/.test(word) && 'domain' in domainOf(word);
}
