import { formatPoints } from '../pipeline/format.ts';
import type { StoredScore } from '../pipeline/store/scores.ts';

type Basis = Pick<StoredScore, 'reasons' | 'modelVersion'>;

// A line that a phone shows: the rest stands on the company's page.
const MOST_SHOWN = 3;

/**
 * Why a score moved, in one line: the kinds of signal that came, went or count differently, the largest difference first. "" where
 * nothing that either score rests on differs.
 */
export function explainMove(was: Basis, is: Basis): string {
  const [before, now] = [sumByKind(was), sumByKind(is)];
  const kinds = [...new Set([...before.keys(), ...now.keys()])];
  const changes = kinds
    .map((kind) => {
      const [old, present] = [before.get(kind), now.get(kind)];
      return { old, present, tenths: (present?.tenths ?? 0) - (old?.tenths ?? 0) };
    })
    .filter(({ tenths }) => tenths !== 0)
    .toSorted((a, b) => Math.abs(b.tenths) - Math.abs(a.tenths));
  const shown = changes.slice(0, MOST_SHOWN).map(({ old, present }) => describeChange(old, present));
  const rest = changes.length - shown.length;
  return [
    ...(was.modelVersion === is.modelVersion ? [] : ['the scoring model changed']),
    ...shown,
    ...(rest > 0 ? [`${rest} more`] : []),
  ].join('; ');
}

type Sum = { label: string; tenths: number };

/** What each kind of signal brought. In tenths: sums of 0.1 drift. */
function sumByKind({ reasons }: Basis): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const { kind, label, points, quote } of reasons) {
    // Where every company starts is no signal.
    if (quote === null) continue;
    sums.set(kind, { label, tenths: (sums.get(kind)?.tenths ?? 0) + Math.round(points * 10) });
  }
  return sums;
}

function describeChange(old: Sum | undefined, present: Sum | undefined): string {
  const points = (sum: Sum): string => formatPoints(sum.tenths / 10);
  if (present === undefined) return old === undefined ? '' : `gone: ${old.label} (was ${points(old)})`;
  if (old === undefined) return `new: ${present.label} (${points(present)})`;
  return `${present.label} ${points(present)} (was ${points(old)})`;
}
