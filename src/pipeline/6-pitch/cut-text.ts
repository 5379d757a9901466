// How far back a cut may go to end with a whole word.
const LOOK_BACK = 24;

/** A text of at most `most` characters: what is longer ends with "…", behind a whole word where one ends near. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text
    .slice(0, most - 1)
    .toWellFormed()
    .replace(/\uFFFD$/, '');
  const space = cut.lastIndexOf(' ');
  return `${(space > cut.length - LOOK_BACK ? cut.slice(0, space) : cut).trimEnd()}…`;
}
