import type { Source } from '../store/sources.ts';
import { escapePattern } from './escape-pattern.ts';
import { isInstruction } from './instructions.ts';
import { isAboutNamesake } from './namesake.ts';
import { isNobody, NAME } from './other-actors.ts';
import { findQuotedSentences, type QuoteReason } from './quote-check.ts';
import type { ReadCompany } from './reading-prompt.ts';
import { readDoubts } from './sentence-doubts.ts';
import { splitSentences } from './sentences.ts';
import { speaksForItself } from './speaker.ts';
import { namesOf } from './names.ts';

/** A rival of the company, with the sentence that says so. */
export type FoundCompetitor = {
  name: string;
  /** Registrable domain, where the source gives it. */
  domain: string | null;
  quote: string;
  sourceId: string;
  url: string;
};

const LIST = String.raw`(${NAME}(?:(?:,\s|,?\s(?:and|or|&)\s|\s?\/\s?)${NAME}){0,11})`;
const CUES: readonly RegExp[] = [
  new RegExp(
    String.raw`\b(?:[Uu]nlike|[Cc]ompared (?:with|to)|[Aa]s opposed to)\s(?:(?:incumbents?|competitors?|rivals?|tools|products|platforms|services|others|companies|players|giants|solutions)\s(?:like|such as|including)\s)?${LIST}`,
    'gu',
  ),
  new RegExp(
    String.raw`\b(?:[Aa]lternatives?|[Rr]eplacements?|[Cc]ompetitors?|[Rr]ivals?|[Cc]hallengers?)\s(?:to|for|of)\s(?:(?:[\p{Ll}-]+\s){0,3}(?:like|such as|including)\s)?${LIST}`,
    'gu',
  ),
  new RegExp(
    String.raw`\b(?:compet(?:es?|ed|ing)|rivals?|in competition)\s(?:directly\s|head-on\s|mainly\s)?(?:with|against)?\s?(?:(?:[\p{Ll}-]+\s){0,4}(?:like|such as|including)\s)?${LIST}`,
    'gu',
  ),
  new RegExp(
    String.raw`\b(?:[Cc]ompetitors?|[Rr]ivals?|[Cc]ompetition|[Cc]ompeting (?:products|platforms|services|tools|companies))(?:,?\s(?:such as|like|including|includes?|are|is|namely)|\scomes from|:)\s(?:the likes of\s)?${LIST}`,
    'gu',
  ),
  new RegExp(
    String.raw`\b(?:better|faster|cheaper|simpler|easier|safer|smaller|lighter|more \p{Ll}+|less \p{Ll}+)\sthan\s${LIST}`,
    'gu',
  ),
  new RegExp(
    String.raw`\b(?:[Ss]witch(?:es|ed|ing)?|[Mm]igrat(?:es?|ed|ing)|[Mm]ov(?:es?|ed|ing))\s(?:away\s|over\s)?from\s${LIST}`,
    'gu',
  ),
  new RegExp(
    String.raw`\b(?:[Rr]eplac(?:es?|ing)|[Dd]isplac(?:es?|ing)|[Tt]ak(?:es?|ing) on|[Cc]hallenges)\s${LIST}`,
    'gu',
  ),
  new RegExp(String.raw`(${NAME})\s(?:alternative|competitor|rival|replacement)s?\b`, 'gu'),
  new RegExp(String.raw`(?:^|[.:]\s)[^,]{2,40}\s(?:vs\.?|versus)\s(${NAME})`, 'gu'),
];

const PART = new RegExp(NAME, 'gu');

/**
 * A source → the rivals that it names: "an alternative to X", "unlike X", "competes with X, Y and Z". The company itself never is
 * one; a sentence that denies or only plans the rivalry, or that speaks of somebody else's rivals, names none.
 */
export function findCompetitors(source: Source, company: ReadCompany): FoundCompetitor[] {
  if (isAboutNamesake(source, company)) return [];
  const own = namesOf(company).map((name) => name.toLowerCase());
  const found = new Map<string, FoundCompetitor>();
  for (const { text } of splitSentences(source.text)) {
    if (text.length > 700) continue;
    for (const { name, start, end } of namesBehindCues(text)) {
      const key = name.toLowerCase();
      if (found.has(key) || isOwnName(key, own) || isNobody(name, source.text)) continue;
      if (!speaksOfCompany(text, source, company)) continue;
      if (isInstruction(text) || isDoubtful(text, { start, end }, source, company)) continue;
      found.set(key, {
        name,
        domain: findDomain(name, source.text),
        quote: text,
        sourceId: source.id,
        url: source.url,
      });
    }
  }
  return [...found.values()];
}

/** May this sentence stand as proof that the named company is a rival? It must be in the source, name it, and say so. */
export function checkCompetitor(options: {
  name: string;
  quote: string;
  source: Source;
  company: ReadCompany;
}):
  | { ok: true; name: string; domain: string | null; quote: string }
  | { ok: false; reason: QuoteReason | 'own-name' } {
  const { source, company } = options;
  const name = options.name.replaceAll(/\s+/g, ' ').trim();
  const own = namesOf(company).map((known) => known.toLowerCase());
  if (name === '' || isOwnName(name.toLowerCase(), own)) return { ok: false, reason: 'own-name' };
  const quoted = findQuotedSentences(options.quote, source, company);
  if (!quoted.ok) return quoted;
  let reason: QuoteReason = 'wrong-kind';
  for (const { text } of quoted.sentences) {
    const found = namesBehindCues(text).find(
      (candidate) => candidate.name.toLowerCase() === name.toLowerCase(),
    );
    if (!found) continue;
    if (isInstruction(text)) reason = 'instruction';
    else if (!speaksOfCompany(text, source, company)) reason = 'other-company';
    else if (isDoubtful(text, found, source, company)) reason = 'negated';
    else return { ok: true, name: found.name, domain: findDomain(found.name, source.text), quote: text };
  }
  return { ok: false, reason };
}

function namesBehindCues(text: string): { name: string; start: number; end: number }[] {
  return CUES.flatMap((cue) =>
    [...text.matchAll(cue)].flatMap((match) => {
      const list = match[1] ?? '';
      const listStart = match.index + match[0].lastIndexOf(list);
      return [...list.matchAll(PART)].map((part) => {
        const name = part[0].replace(/['’]s?$/u, '').replace(/\.$/, '');
        return { name, start: match.index, end: listStart + part.index + name.length };
      });
    }),
  );
}

function isOwnName(key: string, own: readonly string[]): boolean {
  return own.some((name) => key === name || key.startsWith(`${name} `) || name.startsWith(`${key} `));
}

/** On its own pages every comparison is the company's; elsewhere the sentence must name it. */
function speaksOfCompany(text: string, source: Source, company: ReadCompany): boolean {
  if (speaksForItself(source, company.domain)) return true;
  return new RegExp(
    String.raw`(?<![\p{L}\p{N}])(?:${namesOf(company).map(escapePattern).join('|')})(?![\p{L}\p{N}])`,
    'iu',
  ).test(text);
}

function isDoubtful(
  text: string,
  place: { start: number; end: number },
  source: Source,
  company: ReadCompany,
): boolean {
  // The cue itself ("as opposed to", "replaces") may hold a word that elsewhere denies: only what stands before it counts.
  const before = text.slice(0, place.start);
  const year = Number((source.published ?? source.fetchedAt).slice(0, 4));
  const doubtOf = readDoubts(`${before}it`, year, namesOf(company));
  return doubtOf({ start: before.length, end: before.length + 2 }) !== null;
}

/** "Kestrel (kestrel.example)" or a link to it anywhere in the text. */
function findDomain(name: string, text: string): string | null {
  const label = name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '');
  if (label.length < 3) return null;
  const match = new RegExp(
    String.raw`(?<![\p{L}\p{N}@.-])(?:www\.)?(${escapePattern(label)}\.[a-z]{2,12}(?:\.[a-z]{2})?)(?![\p{L}\p{N}.-]*@)\b`,
    'iu',
  ).exec(text);
  return match?.[1]?.toLowerCase() ?? null;
}
