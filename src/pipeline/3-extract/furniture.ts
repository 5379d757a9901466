const FRAME =
  /^(?:skip to (?:main )?content|(?:accept|reject|manage|allow) (?:all )?cookies?|cookie (?:settings|policy|preferences)|privacy (?:policy|notice)|terms (?:of (?:use|service)|(?:&|and) conditions)|all rights reserved|back to top|sign (?:in|up)|log ?in|subscribe|share (?:this|on)|follow us|(?:main )?menu|search|read more|learn more|contact us|get started|book a demo|request a demo|imprint|impressum|datenschutz(?:erkl[aä]rung)?|mentions l[eé]gales|©.*|copyright .*)[\s.!|›»→]*$/iu;
const CONSENT =
  /\b(?:we|this (?:web)?site|our (?:web)?site|wir|nous|diese website|ce site)\b.{0,60}\bcookies?\b|\ball rights reserved\b|\b(?:subscribe to|sign up (?:for|to)|join) (?:our|the)\b.{0,30}\bnewsletters?\b|\bby (?:clicking|continuing|using this (?:web)?site)\b.{0,80}\b(?:agree|accept|consent)\b/iu;

/** So many short lines in a row that are no sentences are a menu, not a list in a text. */
const MENU_LINES = 6;
const LONGEST_ENTRY_WORDS = 5;
const SEPARATOR = /\s[·|•›»→]\s/u;

/** Lines (or sentences, where each line is one) → the numbers of those that are menus: page furniture that claims nothing. */
export function findMenus(lines: readonly string[]): Set<number> {
  const menus = new Set<number>();
  let run: number[] = [];
  const endRun = (): void => {
    if (run.length >= MENU_LINES) for (const number of run) menus.add(number);
    run = [];
  };
  for (const [number, line] of lines.entries()) {
    if (isMenuLine(line)) menus.add(number);
    if (isEntry(line)) run.push(number);
    else endRun();
  }
  endRun();
  return menus;
}

/** "Home · Products · Contact" */
function isMenuLine(line: string): boolean {
  const entries = line.split(SEPARATOR);
  return entries.length >= 3 && entries.every((entry) => entry.split(' ').length <= LONGEST_ENTRY_WORDS + 3);
}

function isEntry(line: string): boolean {
  return (
    line.length < 60 &&
    line.split(' ').length <= LONGEST_ENTRY_WORDS - 1 &&
    !/[.!?:。！？]$/u.test(line) &&
    !/\p{N}/u.test(line)
  );
}

/** A line of the frame around a page: consent, sign-in, newsletters, copyright. */
export function isBoilerplate(line: string): boolean {
  return FRAME.test(line) || (line.length < 400 && CONSENT.test(line));
}
