const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));
// Opening one of these ends an open one of the same name.
const SELF_ENDING = new Set('p li dt dd tr td th option tbody thead'.split(' '));

// The parser's time grows with depth times size (200,000 nested elements took 10 s), and each stray "<" or "&" is a node of its
// own. Real pages are less than 100 deep and have less than 50,000 tags.
const DEEPEST = 1000;
const MOST_TAGS = 150_000;
const MOST_ENTITIES = 200_000;

const TAG = /<(\/?)([a-z][a-z0-9-]*)?/gi;

/**
 * Looks over HTML before it is parsed. Markup in comments and scripts counts too: what a parser takes for a comment is too easy
 * to get wrong.
 * @returns why it would take too long to read; null when it is fine. Time grows with length only.
 */
export function findComplexity(html: string): string | null {
  const open: string[] = [];
  let tags = 0;
  for (const [, slash, name] of html.matchAll(TAG)) {
    tags += 1;
    if (tags > MOST_TAGS) return `more than ${MOST_TAGS} tags`;
    const tag = name?.toLowerCase();
    if (tag === undefined || VOID.has(tag)) continue;
    if (slash === '/') {
      const at = open.lastIndexOf(tag);
      if (at !== -1) open.length = at;
      continue;
    }
    if (SELF_ENDING.has(tag) && open.at(-1) === tag) open.pop();
    open.push(tag);
    if (open.length > DEEPEST) return `elements nested more than ${DEEPEST} deep`;
  }
  let entities = 0;
  for (let at = html.indexOf('&'); at !== -1; at = html.indexOf('&', at + 1)) {
    entities += 1;
    if (entities > MOST_ENTITIES) return `more than ${MOST_ENTITIES} character references`;
  }
  return null;
}
