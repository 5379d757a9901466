import { getDomain } from 'tldts';

// Legal forms only: "Company" and "Group" are often what tells a name from a word ("The Boring Company").
const LEGAL_FORM =
  /[\s,]+(?:\(.*\)|(?:gmbh|ug|ag) & co\.? kg(?:aa)?|inc|incorporated|corp|corporation|co\.,? ltd|ltd|limited|llc|llp|lp|plc|pty|pte|gmbh|ag|se|kg|kgaa|ug|mbh|sa|s\.a|sas|sarl|s\.à r\.l|srl|s\.r\.l|spa|s\.p\.a|sl|bv|b\.v|nv|n\.v|ab|asa|a\/s|aps|oyj?|sp\. z o\. ?o|s\.r\.o|kft|zrt|k\.k)\.?$/i;
const CJK_FORM = /^(?:株式会社|有限会社|合同会社)|(?:株式会社|有限公司|股份有限公司)$/g;

/** A company's name as people write it: without legal form and invisible characters, at most 100 characters. */
export function plainName(name: string): string {
  let plain = name
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(CJK_FORM, '')
    .trim();
  for (let cut = 0; cut < 3; cut += 1) {
    const shorter = plain.replace(LEGAL_FORM, '').trim();
    if (shorter.length < 2) break;
    plain = shorter;
  }
  return plain.slice(0, 100).trim();
}

/** The name in letters and digits alone, lower case: "Orrery Labs, Inc." → "orrerylabs". */
export function slugOf(name: string): string {
  return plainName(name)
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
}

/** The registrable domain of an address; hosts of shared platforms count by themselves. Null when there is none. */
export function siteOf(url: string): string | null {
  return getDomain(url, { allowPrivateDomains: true });
}
