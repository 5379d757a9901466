import { formatPoints } from '../../pipeline/format.ts';
import { findSteps } from './reasons.ts';
import { cutLine, nameOf } from './text.ts';
import type { CardData } from './types.ts';

/** A kind of signal that not all companies have alike. */
export type Difference = {
  label: string;
  has: { name: string; points: number }[];
  lacks: string[];
  spread: number;
};

/** What moves some of these companies' scores and not the others', the widest gap first. Companies without a score don't count. */
export function findDifferences(cards: readonly CardData[]): Difference[] {
  const scored = cards.filter(({ score }) => score !== null);
  const steps = scored.map((card) => ({ name: nameOf(card, 40), steps: findSteps(card.reasons) }));
  const kinds = new Map(steps.flatMap((company) => company.steps.map(({ kind, label }) => [kind, label])));
  const differences = [...kinds].map(([kind, label]) => {
    const points = steps.map((company) => ({
      name: company.name,
      points: company.steps.find((step) => step.kind === kind)?.points ?? null,
    }));
    const has = points.flatMap((one) =>
      one.points === null ? [] : [{ name: one.name, points: one.points }],
    );
    const lacks = points.filter((one) => one.points === null).map(({ name }) => name);
    const values = points.map((one) => one.points ?? 0);
    return { label, has, lacks, spread: Math.max(...values) - Math.min(...values) };
  });
  return differences.filter(({ spread }) => spread >= 0.1).toSorted((a, b) => b.spread - a.spread);
}

/** "Acme +12.4, Beta +3.0; not Gamma". */
export function describeDifference({ has, lacks }: Difference, most: number): string {
  const found = has
    .toSorted((a, b) => b.points - a.points)
    .slice(0, most)
    .map(({ name, points }) => `${name} ${formatPoints(points)}`);
  const hidden = has.length - found.length;
  const without = lacks.length > 0 && lacks.length <= most ? `; not ${lacks.join(', ')}` : '';
  const others = lacks.length > most ? `; not the other ${lacks.length}` : '';
  return cutLine(`${found.join(', ')}${hidden > 0 ? ` and ${hidden} more` : ''}${without}${others}`, 300);
}
