const LEGAL_FORM =
  /[,\s]+(?:inc|incorporated|corp|corporation|co|company|ltd|limited|llc|llp|plc|gmbh|ag|se|sa|s\.a|spa|bv|nv|oy|ab|as|kg|kgaa|pte|pty|holdings?|group)\.?$/iu;

/** The ways a company is called: its name, the name without its legal form, and the name in its domain. */
export function namesOf(company: { name: string; domain: string }): string[] {
  const names = [company.name, cutLegalForm(company.name)];
  const label = company.domain.split('.')[0] ?? '';
  if (label.length > 3) names.push(label, label.replaceAll('-', ' '), company.domain);
  return [
    ...new Set(names.map((name) => name.trim().replaceAll('*', ' ')).filter((name) => name.length > 1)),
  ];
}

/** Words that begin many names: alone they name nobody. */
const COMMON_FIRST = new Set(
  'the new old first great big open next general international global national american european united north south east west northern southern eastern western royal blue red green black white golden silver bright smart deep clear true real pure fast free good best super early modern digital data cloud cyber micro macro meta quantum neural machine model models advanced applied integrated universal central standard premier prime public private social urban home health medical care energy power solar water fire earth air sea lake river mountain sky sun moon star light sound voice speech vision image video photo music media game games play book word text type code dev soft web net app apps tech labs studio works house world people human mind brain heart body life living'.split(
    ' ',
  ),
);

/**
 * The ways in which a document calls the company: `namesOf` it, and, where it gives the whole name first, the name's first word alone
 * ("Basalt Audio … Basalt trained …"), if that is a word that the document writes large only.
 */
export function namesIn(text: string, company: { name: string; domain: string }): string[] {
  if (lastNames.text === text && lastNames.name === company.name && lastNames.domain === company.domain)
    return lastNames.names;
  const names = namesOf(company);
  const [first = '', second] = cutLegalForm(company.name).split(/\s+/);
  if (second !== undefined && isLoneName(first, second, text)) names.push(first);
  lastNames = { ...company, text, names };
  return names;
}

let lastNames = { text: '', name: '', domain: '', names: [''] };

function isLoneName(first: string, second: string, text: string): boolean {
  if (!/^\p{Lu}\p{Ll}{3,}$/u.test(first) || COMMON_FIRST.has(first.toLowerCase())) return false;
  if (!text.includes(`${first} ${second}`)) return false;
  return !new RegExp(String.raw`(?<![\p{L}\p{N}@./-])${first.toLowerCase()}(?![\p{L}\p{N}])`, 'u').test(text);
}

function cutLegalForm(name: string): string {
  let short = name;
  for (let cut = 0; cut < 3; cut += 1) short = short.replace(LEGAL_FORM, '');
  return short;
}
