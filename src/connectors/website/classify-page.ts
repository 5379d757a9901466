import type { UnreadableReason } from '../page-reader.ts';

type Verdict = { reason: Extract<UnreadableReason, 'parked' | 'blocked' | 'empty'>; detail: string };

const PARKED_TITLE =
  /\b(domain|website|this site)\b.{0,40}\b(for sale|is parked|parked|expired|available for purchase)\b|\bbuy this domain\b|\bparked (domain|page)\b/i;
const PARKED_TEXT: readonly RegExp[] = [
  /\b(this|the) (domain|domain name|web address|website name)\b.{0,60}\b(is|may be|might be|could be) (for sale|available for (sale|purchase)|listed for sale|parked|up for sale)\b/i,
  /\b[a-z0-9-]+\.[a-z]{2,}\b is (for sale|parked)\b/i,
  /\b(buy|purchase|acquire|get|own) this (domain|domain name)\b/i,
  /\b(parked|registered) (free )?(by|with|at|courtesy of)\b.{0,60}\b(domain|registrar|godaddy|sedo|namecheap|ionos|hugedomains|dan\.com|afternic)\b/i,
  /\b(inquire|enquire|make an offer|request a quote|bid) (about|on|for) (this|the) domain\b/i,
  /\bdomain (has )?expired\b|\brenew (this|your) domain\b/i,
  /\bdiese domain (steht zum verkauf|ist geparkt|kaufen)\b/i,
  /\bce nom de domaine est (à vendre|en vente)\b/i,
];
const PARKED_HOSTS =
  /\b(sedoparking\.com|parkingcrew\.net|bodis\.com|hugedomains\.com|afternic\.com|dan\.com|parklogic\.com|above\.com\/marketplace|domainmarket\.com|undeveloped\.com|uniregistry\.com)\b/i;

const WALL_TITLE =
  /^(just a moment|attention required|access denied|please wait|security check|are you a robot|robot check|verify(ing)? (you are|that you)|ddos-guard|403 forbidden|request (blocked|rejected)|pardon our interruption)/i;
const WALL_TEXT: readonly RegExp[] = [
  /\b(checking|verifying) (your browser|that you are human|you are human)\b/i,
  /\bverify (that )?you are (a )?human\b/i,
  /\benable javascript and cookies to continue\b/i,
  /\b(complete|solve) the (captcha|security check|challenge)\b/i,
  /\bunusual traffic from your (computer|network)\b/i,
  /\byour (request|access|ip( address)?) (has been|was|is) (blocked|denied)\b/i,
  /\byou (have been blocked|do(n['’]t| not) have permission to (access|view))\b/i,
];

// A real page may speak about parking or captchas; one that is nothing else is short.
const LONGEST_NOTICE = 1500;
const FEWEST_LETTERS = 25;

/**
 * Is a page that was answered with 200 a page at all? Looks at its visible text; `html` only for the hosts of parking services.
 * @returns why it is none; null when it can be read
 */
export function classifyPage(page: { title: string; text: string; html: string }): Verdict | null {
  const { title, text, html } = page;
  const short = text.length <= LONGEST_NOTICE;
  const said = `${title}\n${text}`;
  if (short && (WALL_TITLE.test(title.trim()) || WALL_TEXT.some((pattern) => pattern.test(said))))
    return { reason: 'blocked', detail: 'a bot check or access notice stands in place of the page' };
  if (short && (PARKED_TITLE.test(title) || PARKED_TEXT.some((pattern) => pattern.test(said))))
    return { reason: 'parked', detail: 'the domain is parked or for sale' };
  if (short && PARKED_HOSTS.test(html) && text.length < LONGEST_NOTICE / 3)
    return { reason: 'parked', detail: 'the page belongs to a domain parking service' };
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (letters < FEWEST_LETTERS)
    return {
      reason: 'empty',
      detail: /<script\b/i.test(html) ? 'no visible text without running its scripts' : 'no visible text',
    };
  return null;
}
