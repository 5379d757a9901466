/** A point or paragraph of what is shown: which one of the version it is; null: a person wrote it. */
export type Part = { text: string; of: number | null };

/** A text → its paragraphs: what blank lines separate. */
export function splitParts(text: string): string[] {
  return text.split(/\n(?:[ ]*\n)+/).filter((part) => part.trim() !== '');
}

// Each pair takes four bytes, and texts of one-letter paragraphs would have a hundred million.
const MOST_COMPARED = 1_000_000;

/**
 * What a person made of a pitch's points or paragraphs (`was` → `edited`), laid over those of a new version: what they changed, added and took
 * away stays so, and everything else is the new version's. What is new comes in beside parts that they left alone. Who left nothing alone wrote
 * a text of their own, which stands as it is.
 * @returns in the order of the new version; each part of theirs once
 */
export function mergeParts(
  was: readonly string[],
  edited: readonly string[],
  now: readonly string[],
): Part[] {
  const own = edited.map((text) => ({ text, of: null }));
  if (Math.max(edited.length, now.length) * was.length > MOST_COMPARED) return own;
  const kept = findCommon(was, edited);
  if (kept.length === 0) return own;
  const place = alignParts(was, now);
  const left = new Set(kept.map(([before]) => before));
  const hunks = findHunks(was.length, edited, kept).map((hunk) => ({ ...hunk, at: findPlace(place, hunk) }));
  const isOurs = findOurs(now.length, place, left);
  const merged: Part[] = [];
  for (let at = 0; at <= now.length; at += 1) {
    for (const { parts } of hunks.filter((hunk) => hunk.at === at))
      merged.push(...parts.map((text) => ({ text, of: null })));
    const text = now[at];
    if (text !== undefined && isOurs[at]) merged.push({ text, of: at });
  }
  return merged;
}

/** Which parts of a new version are shown: what came of one that was left alone, and new ones that have such a one beside them. */
function findOurs(length: number, place: readonly (number | null)[], left: ReadonlySet<number>): boolean[] {
  const ours: boolean[] = Array.from({ length }, () => false);
  let [before, after] = [-1, 0];
  for (const [was, at] of [...place, length].entries()) {
    if (at === null) continue;
    let isBeside = false;
    for (let one = Math.max(0, before); one <= was; one += 1) isBeside ||= left.has(one);
    ours.fill(isBeside, after, at);
    if (at < length) ours[at] = left.has(was);
    [before, after] = [was, at + 1];
  }
  return ours;
}

type Hunk = { from: number; to: number; parts: string[] };

/** Where somebody changed something: the parts `from` up to `to`, and what they put in their place. */
function findHunks(length: number, edited: readonly string[], kept: readonly [number, number][]): Hunk[] {
  const hunks: Hunk[] = [];
  let [before, mine] = [0, 0];
  for (const [nextBefore, nextMine] of [...kept, [length, edited.length] as const]) {
    if (nextBefore > before || nextMine > mine)
      hunks.push({ from: before, to: nextBefore, parts: edited.slice(mine, nextMine) });
    [before, mine] = [nextBefore + 1, nextMine + 1];
  }
  return hunks;
}

/** Where in the new version that is: at the first part that came of those, else behind what came before them. */
function findPlace(place: readonly (number | null)[], { from, to }: Hunk): number {
  const first = place.slice(from, to).find((at) => at !== null);
  if (first !== undefined && first !== null) return first;
  const before = place.slice(0, from).findLast((at) => at !== null);
  return before === undefined || before === null ? 0 : before + 1;
}

/**
 * Which part of a new version each one became; null: none. Those of the same heading or words; between them one after the other, but for two
 * of different headings, which are about different things.
 */
function alignParts(was: readonly string[], now: readonly string[]): (number | null)[] {
  const place: (number | null)[] = was.map(() => null);
  let [before, after] = [0, 0];
  for (const [nextBefore, nextAfter] of [
    ...findCommon(was.map(nameOf), now.map(nameOf)),
    [was.length, now.length] as const,
  ]) {
    for (; before < nextBefore && after < nextAfter; before += 1, after += 1)
      if (mayBeSame(was[before] ?? '', now[after] ?? '')) place[before] = after;
    if (nextBefore < was.length) place[nextBefore] = nextAfter;
    [before, after] = [nextBefore + 1, nextAfter + 1];
  }
  return place;
}

/** What a part is known by: the line above its others, or its words; each version numbers its sources anew. */
function nameOf(part: string): string {
  const [first = ''] = part.trim().split('\n');
  return first.replaceAll(/ ?\[S?\d{1,4}\]/g, '').trim();
}

// A heading may hold a date or a number that changes with each version.
const LEAST_COMMON = 1 / 3;

/** Of two paragraphs with headings: do these have words in common? All others may be the same. */
function mayBeSame(was: string, now: string): boolean {
  if (!was.trim().includes('\n') || !now.trim().includes('\n')) return true;
  const [one, other] = [was, now].map(
    (part) =>
      new Set(
        nameOf(part)
          .toLowerCase()
          .match(/[\p{L}\p{N}]+/gu),
      ),
  );
  if (one === undefined || other === undefined) return true;
  const common = [...one].filter((word) => other.has(word)).length;
  return common >= Math.min(one.size, other.size) * LEAST_COMMON;
}

/** The longest common run of two lists, as pairs of places. */
function findCommon(one: readonly string[], other: readonly string[]): [number, number][] {
  const width = other.length + 1;
  // How long it is from each pair of places on.
  const long = new Uint32Array((one.length + 1) * width);
  const at = (left: number, right: number): number => long[left * width + right] ?? 0;
  for (let left = one.length - 1; left >= 0; left -= 1)
    for (let right = other.length - 1; right >= 0; right -= 1)
      long[left * width + right] =
        one[left] === other[right]
          ? at(left + 1, right + 1) + 1
          : Math.max(at(left + 1, right), at(left, right + 1));
  const pairs: [number, number][] = [];
  let [left, right] = [0, 0];
  while (left < one.length && right < other.length) {
    if (one[left] === other[right]) pairs.push([left++, right++]);
    else if (at(left + 1, right) >= at(left, right + 1)) left += 1;
    else right += 1;
  }
  return pairs;
}
