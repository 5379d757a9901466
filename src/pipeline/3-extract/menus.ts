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
