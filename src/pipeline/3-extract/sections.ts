import { findMenus, isBoilerplate } from './furniture.ts';

/** A passage of a document, small enough to be chosen or left out by itself. */
export type Section = { document: number; order: number; text: string };

/** Characters of a section: about a paragraph or two, so that the budget is not spent on one long page. */
const SECTION_CHARACTERS = 900;
/** A line that stands in so many documents of one company is part of the frame around each of them. */
const REPEATED = 3;

/**
 * Documents of one company → their sections in reading order, without boilerplate (navigation, consent notices, footers,
 * lines that frame several of its pages) and without what an earlier section already said.
 */
export function cutSections(documents: readonly string[]): Section[] {
  const lines = documents.map((text) =>
    text
      .split('\n')
      .map((line) => line.replaceAll(/\s+/g, ' ').trim())
      .filter((line) => line !== ''),
  );
  const frames = findFrames(lines);
  const said = new Set<string>();
  return lines.flatMap((document, index) => {
    const kept = dropMenus(document.filter((line) => !frames.has(keyOf(line)) && !isBoilerplate(line)));
    const fresh = kept.filter((line) => {
      const key = keyOf(line);
      if (said.has(key)) return false;
      said.add(key);
      return true;
    });
    return joinLines(fresh).map((text, order) => ({ document: index, order, text }));
  });
}

function keyOf(line: string): string {
  return line
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

function findFrames(documents: readonly (readonly string[])[]): Set<string> {
  const counts = new Map<string, number>();
  for (const lines of documents) {
    for (const key of new Set(lines.filter((line) => line.length < 120).map(keyOf))) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return new Set([...counts].filter(([, count]) => count >= REPEATED).map(([key]) => key));
}

function dropMenus(lines: readonly string[]): string[] {
  const menus = findMenus(lines);
  return lines.filter((_, number) => !menus.has(number));
}

function joinLines(lines: readonly string[]): string[] {
  const sections: string[] = [];
  let open = '';
  for (const line of lines.flatMap(breakLongLine)) {
    if (open !== '' && open.length + line.length > SECTION_CHARACTERS) {
      sections.push(open);
      open = '';
    }
    open = open === '' ? line : `${open}\n${line}`;
  }
  if (open !== '') sections.push(open);
  return sections;
}

/** A line longer than a section is broken behind a sentence, or between words where it has none. */
function breakLongLine(line: string): string[] {
  const parts: string[] = [];
  let rest = line;
  while (rest.length > SECTION_CHARACTERS) {
    const window = rest.slice(0, SECTION_CHARACTERS);
    const sentence = Math.max(
      window.lastIndexOf('. '),
      window.lastIndexOf('! '),
      window.lastIndexOf('? '),
      window.lastIndexOf('。'),
    );
    const space = window.lastIndexOf(' ');
    const at = sentence > 200 ? sentence + 1 : space > 200 ? space : SECTION_CHARACTERS;
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  if (rest !== '') parts.push(rest);
  return parts;
}
