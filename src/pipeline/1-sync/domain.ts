import { parse } from 'tldts';
import { isFreeMail } from './free-mail.ts';
import { isSoldSuffix, platformOf } from './hosted.ts';

type DomainSkip = 'free-mail' | 'hosted' | 'invalid' | 'missing';
export type DomainFound = { domain: string } | { skip: DomainSkip; detail: string };

const PLACEHOLDER =
  /^(|[-–—_.?!/\\]+|x{1,3}|0|n\.?\/?a\.?|none|null|nil|undefined|unknown|tbd|tba|no|no website|not available|keine|k\.?a\.?|http:\/\/|https:\/\/)$/i;
// "http://", also mistyped ("htpp:/", "http//", twice).
const SCHEME = /^(?:[a-z]{2,6}:\/{1,2}|https?\/\/|\/\/)+/i;
const EMAIL = /^[^\s@/<>]+@([^\s@/<>]+)$/;
// RFC 2606 reserves them; no company of the real world is there, and the sandbox's are.
const RESERVED_TLDS = new Set(['example', 'test']);
const LONGEST_INPUT = 2000;
const LONGEST_DOMAIN = 253;
const LABELS = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;

const invalid = (detail: string): DomainFound => ({ skip: 'invalid', detail });

/** The value that people put into a field: the first thing in it that looks like an address. */
function firstAddress(input: string): string {
  const bracketed = /<([^<>\s]+@[^<>\s]+)>/.exec(input)?.[1];
  const words = (bracketed ?? input).split(/[\s,;|]+/).map((word) => word.replace(/^[("'<]+|[)"'>.]+$/g, ''));
  return words.find((word) => /[.。．]/.test(word)) ?? words[0] ?? '';
}

/**
 * Which company's domain a website field, a domain field or an e-mail address means.
 * @param input as it stands in the CRM: with or without scheme, path, "www.", capitals, umlauts
 * @returns the registrable domain, lower case, ASCII (punycode); or why there is none, in words for a person
 */
export function domainOf(input: string | null): DomainFound {
  const mailHost = PLAIN_EMAIL.exec(input ?? '')?.[1];
  if (mailHost === undefined) return readDomain(input);
  const known = mailDomains.get(mailHost);
  if (known !== undefined) return known;
  const found = readDomain(input);
  // Other answers name the whole address.
  if ('domain' in found || found.skip === 'free-mail') {
    if (mailDomains.size >= MOST_MAIL_DOMAINS) mailDomains.clear();
    mailDomains.set(mailHost, found);
  }
  return found;
}

// Colleagues stand next to each other in a CRM: what a plain address means is decided by what follows the "@".
const PLAIN_EMAIL = /^[\w.+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})$/;
const MOST_MAIL_DOMAINS = 10_000;
const mailDomains = new Map<string, DomainFound>();

function readDomain(input: string | null): DomainFound {
  const text = (input ?? '').normalize('NFKC').trim();
  if (PLACEHOLDER.test(text)) return { skip: 'missing', detail: 'no website or e-mail address' };
  if (text.length > LONGEST_INPUT) return invalid('the address is too long to be one');
  const address = firstAddress(text).replace(/^mailto:/i, '');
  const mailHost = EMAIL.exec(address)?.[1];
  const url = URL.parse(`https://${mailHost ?? address.replace(SCHEME, '')}`);
  const shown = address.slice(0, 80);
  if (url === null) return invalid(`"${shown}" is no web address`);
  const host = url.hostname.replace(/\.+$/, '');
  return judge({
    host,
    path: mailHost === undefined ? url.pathname : '',
    isEmail: mailHost !== undefined,
    shown,
  });
}

type Place = { host: string; path: string; isEmail: boolean; shown: string };

function judge({ host, path, isEmail, shown }: Place): DomainFound {
  const facts = parse(host, { allowPrivateDomains: true });
  if (facts.isIp === true) return invalid(`"${shown}" is an IP address, not a domain`);
  const suffix = facts.publicSuffix ?? '';
  if (facts.isPrivate === true && !isSoldSuffix(suffix))
    return { skip: 'hosted', detail: `${host} is a page on ${suffix}, not a company's own domain` };
  const { domain } = facts;
  if (domain === null || !host.includes('.')) return invalid(`"${shown}" is no web address`);
  if (facts.isIcann !== true && facts.isPrivate !== true && !RESERVED_TLDS.has(suffix))
    return invalid(`there is no top-level domain .${suffix}`);
  if (domain.length > LONGEST_DOMAIN || !LABELS.test(domain)) return invalid(`"${shown}" is no web address`);
  if (isFreeMail(domain, isEmail))
    return { skip: 'free-mail', detail: `${domain} is a mailbox provider, not a company's own domain` };
  const platform = platformOf({ host, domain, path });
  if (platform !== null)
    return { skip: 'hosted', detail: `${shown} is a page on ${platform}, not a company's own domain` };
  return { domain };
}
