/**
 * Pulls for and against → the score in tenths of a point and the part of it that each pull brought, the start's part last. The
 * parts are whole tenths and add up to the score exactly; none has the wrong sign.
 *
 * The score is a logistic curve through `start` (0–100) at no pull; `spread` pulls multiply the odds by e. Each pull's part is
 * its share of the way from the start to the score.
 */
export function shareOut(
  pulls: readonly number[],
  { start, spread }: { start: number; spread: number },
): { tenths: number; parts: number[] } {
  const offset = Math.log(start / (100 - start));
  const pull = pulls.reduce((sum, each) => sum + each, 0);
  const height = 1000 / (1 + Math.exp(-(offset + pull / spread)));
  const tenths = Math.round(height);
  const base = Math.round(start * 10);
  // Where for and against cancel out there is no way to share; the curve's slope at the start then says what a pull is worth.
  const slope =
    Math.abs(pull) > 1e-6 ? (height - start * 10) / pull : (start * (100 - start)) / (10 * spread);
  const exact = pulls.map((each) => each * slope);
  const parts = exact.map((value) => Math.trunc(value) + 0);
  const left = spreadRest(parts, exact, tenths - base - parts.reduce((sum, part) => sum + part, 0));
  return { tenths, parts: [...parts, base + left] };
}

/** Hands out what rounding left over, a tenth each, to the parts that were cut most; returns what none could take. */
function spreadRest(parts: number[], exact: readonly number[], rest: number): number {
  const step = Math.sign(rest);
  const cut = (index: number): number => step * ((exact[index] ?? 0) - (parts[index] ?? 0));
  const order = exact.map((_, index) => index).toSorted((a, b) => cut(b) - cut(a) || a - b);
  let left = rest;
  for (const index of order) {
    if (left === 0) break;
    const next = (parts[index] ?? 0) + step;
    if (next !== 0 && Math.sign(next) !== Math.sign(exact[index] ?? 0)) continue;
    parts[index] = next;
    left -= step;
  }
  return left;
}
