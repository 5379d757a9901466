import { domainOf } from '../pipeline/1-sync/domain.ts';

/** A company as somebody names it: by an address that means a domain, by a name, or by a button that knows which it is. */
export type Asked = { domain: string } | { name: string } | { companyId: string };

export type Question =
  | { kind: 'help' }
  | { kind: 'companies'; asked: Asked[] }
  | { kind: 'unclear'; what: string; fix: string };

/** As many as a comparison shows. */
export const MOST_COMPANIES = 10;

const LONGEST_TEXT = 2_000;
const LONGEST_NAME = 100;
const HELP = /^(help|\?|hilfe)$/i;
// "Acme, Inc." is one company.
const LEGAL_FORM =
  /^(inc|llc|ltd|limited|gmbh|corp|co|company|ag|se|plc|kg|bv|nv|sa|sas|sarl|srl|spa|ab|as|oy|pty)\.?$/i;
const BETWEEN = /[,;\n]+|\s+(?:vs\.?|versus)\s+/i;
const EXAMPLE = 'Give a domain, a web address, an e-mail address or a name: `/score acme.com`.';

/**
 * What somebody typed behind a command: one or several companies by domain, web address, e-mail address or name. Slack's own links are
 * taken for what they show.
 */
export function readQuestion(typed: string): Question {
  const text = unescapeText(typed.slice(0, LONGEST_TEXT)).trim();
  if (text === '' || HELP.test(text)) return { kind: 'help' };
  const asked: Asked[] = [];
  for (const piece of splitPieces(text)) {
    const found = readPiece(piece);
    if ('fix' in found) return { kind: 'unclear', ...found };
    asked.push(...found.asked);
  }
  const distinct = [...new Map(asked.map((one) => [JSON.stringify(one).toLowerCase(), one])).values()];
  if (distinct.length === 0) return { kind: 'help' };
  if (distinct.length > MOST_COMPANIES)
    return {
      kind: 'unclear',
      what: `${distinct.length} companies are too many at once`,
      fix: `Ask for ${MOST_COMPANIES} at the most.`,
    };
  return { kind: 'companies', asked: distinct };
}

/** The companies that a message names by address, at most ten; people write much else in messages, so names do not count. */
export function findDomains(message: string): string[] {
  const words = unescapeText(message.slice(0, LONGEST_TEXT * 5)).split(/[\s,;()[\]{}"'„“”<>|]+/);
  const domains = words.flatMap((word) => {
    const found = /[.@]/.test(word) ? domainOf(word) : null;
    return found !== null && 'domain' in found ? found.domain : [];
  });
  return [...new Set(domains)].slice(0, MOST_COMPANIES);
}

/** Slack's wire text → what the person sees: links by their address, no mentions, entities resolved. */
export function unescapeText(text: string): string {
  return text
    .slice(0, LONGEST_TEXT * 5)
    .replaceAll('\0', '')
    .replace(/<[@#!][^<>]*>/g, ' ')
    .replace(/<(?:mailto:)?([^<>|]+)(?:\|[^<>]*)?>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function splitPieces(text: string): string[] {
  const pieces: string[] = [];
  for (const piece of text.split(BETWEEN).map((one) => one.trim())) {
    if (piece === '') continue;
    const last = pieces.pop();
    if (last === undefined) pieces.push(piece);
    else pieces.push(...(LEGAL_FORM.test(piece) ? [`${last}, ${piece}`] : [last, piece]));
  }
  return pieces;
}

function readPiece(piece: string): { asked: Asked[] } | { what: string; fix: string } {
  const addresses = piece.split(/\s+/).filter((word) => /[.。．@]/.test(word.replace(/[.]+$/, '')));
  const found = addresses.map((word) => domainOf(word));
  const domains = found.flatMap((one) => ('domain' in one ? { domain: one.domain } : []));
  if (domains.length > 0) return { asked: domains };
  for (const one of found)
    if ('skip' in one && (one.skip === 'free-mail' || one.skip === 'hosted' || isAddress(piece)))
      return { what: one.detail, fix: EXAMPLE };
  if (piece.length > LONGEST_NAME) return { what: 'This name is too long to be one', fix: EXAMPLE };
  return { asked: [{ name: piece }] };
}

/** Was an address meant, rather than a name with a dot in it? */
function isAddress(piece: string): boolean {
  return /^\S+$/.test(piece) && /@|:\/\/|[a-z\d-]\.[a-z]{2,}|^[\d.]+$/i.test(piece);
}
