import type { Band } from './scoring-model.ts';

/** One labelled company: its score (null: none was given), its true grade (0–3, ≥ 2 is a need), whether its text shows the need. */
export type EvaluationRow = {
  score: number | null;
  band: Band | null;
  grade: number | null;
  visible: boolean;
};

export type Evaluation = {
  /** Rows that count: with a grade and a visible need. */
  n: number;
  /** Area under the ROC curve, grade ≥ 2 against ≤ 1; null when one side is empty. */
  auc: number | null;
  /** The same, grade ≥ 2 against exactly 1. */
  aucHard: number | null;
  /** Of the companies in band B or better, the share with grade ≥ 2; null when there is none. */
  precision: number | null;
  /** Of the companies with grade ≥ 2, the share in band B or better; null when there is none. */
  recall: number | null;
  /** Grade → band (or none) → how many. */
  confusion: Record<string, Record<Band | 'none', number>>;
};

/** Labelled scores → how well they separate need from no need. Companies without a score rank lowest; ties count half. */
export function evaluate(rows: readonly EvaluationRow[]): Evaluation {
  const counted = rows.filter(counts);
  const need = counted.filter((row) => row.grade >= 2);
  const top = counted.filter((row) => row.band === 'A' || row.band === 'B');
  const hits = top.filter((row) => row.grade >= 2).length;
  const confusion: Evaluation['confusion'] = {};
  for (const { grade, band } of counted.toSorted((a, b) => b.grade - a.grade)) {
    const line = (confusion[`grade ${grade}`] ??= { A: 0, B: 0, C: 0, D: 0, none: 0 });
    line[band ?? 'none'] += 1;
  }
  return {
    n: counted.length,
    auc: measureAuc(
      need,
      counted.filter((row) => row.grade <= 1),
    ),
    aucHard: measureAuc(
      need,
      counted.filter((row) => row.grade === 1),
    ),
    precision: top.length > 0 ? hits / top.length : null,
    recall: need.length > 0 ? hits / need.length : null,
    confusion,
  };
}

/** Does the row take part: it has a grade, and its text can show the need? */
export function counts<Row extends { grade: number | null; visible: boolean }>(
  row: Row,
): row is Row & { grade: number } {
  return row.grade !== null && row.visible;
}

type Scored = { score: number | null };

/** The chance that a random positive scores above a random negative (Mann–Whitney U), by ranks in n log n. */
function measureAuc(positives: readonly Scored[], negatives: readonly Scored[]): number | null {
  if (positives.length === 0 || negatives.length === 0) return null;
  const all = [
    ...positives.map((row) => ({ value: row.score ?? -1, positive: true })),
    ...negatives.map((row) => ({ value: row.score ?? -1, positive: false })),
  ].toSorted((a, b) => a.value - b.value);
  let wins = 0;
  let below = 0;
  for (let from = 0; from < all.length;) {
    let to = from;
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1;
    const tied = all.slice(from, to);
    const positive = tied.filter((row) => row.positive).length;
    const negative = tied.length - positive;
    wins += positive * (below + negative / 2);
    below += negative;
    from = to;
  }
  return wins / (positives.length * negatives.length);
}
