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
  const left = new Set(kept.flatMap(([before]) => place[before] ?? []));
  const hunks = findHunks(was.length, edited, kept).map((hunk) => ({ ...hunk, at: findPlace(place, hunk) }));
  const came = new Set(place);
  const next = findNext(now.length, came);
  const merged: Part[] = [];
  let wasOurs = false;
  for (let at = 0; at <= now.length; at += 1) {
    for (const { parts } of hunks.filter((hunk) => hunk.at === at))
      merged.push(...parts.map((text) => ({ text, of: null })));
    const text = now[at];
    if (text === undefined) break;
    // New ones stand beside one that was left alone, before it or behind.
    const isOurs: boolean = left.has(at) || (!came.has(at) && (wasOurs || left.has(next[at] ?? -1)));
    if (isOurs) merged.push({ text, of: at });
    wasOurs = isOurs;
  }
  return merged;
}

/** For each part of a new version the next one that was there before, itself counted; null: there is none. */
function findNext(length: number, came: ReadonlySet<number | null>): (number | null)[] {
  const next: (number | null)[] = Array.from({ length }, () => null);
  let upcoming: number | null = null;
  for (let at = length - 1; at >= 0; at -= 1) {
    if (came.has(at)) upcoming = at;
    next[at] = upcoming;
  }
  return next;
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

/** Which part of a new version each one became; null: none. Those of the same heading or words; between them one after the other. */
function alignParts(was: readonly string[], now: readonly string[]): (number | null)[] {
  const place: (number | null)[] = was.map(() => null);
  let [before, after] = [0, 0];
  for (const [nextBefore, nextAfter] of [
    ...findCommon(was.map(nameOf), now.map(nameOf)),
    [was.length, now.length] as const,
  ]) {
    while (before < nextBefore && after < nextAfter) place[before++] = after++;
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
