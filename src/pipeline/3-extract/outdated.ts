import type { Signal } from '../store/signals.ts';

/** Somebody said on a day that what a kind means is over; `own`: the company itself did. */
export type Ending = { kind: string; date: string; own: boolean };

/**
 * Signals with the day on which each was true (ISO; null: unknown) → those that were true before somebody said that it is over. What
 * has no date is believed less than the company's own word.
 */
export function findOutdated(
  found: readonly { signal: Signal; date: string | null }[],
  endings: readonly Ending[],
): Set<Signal> {
  const outdated = found.filter(({ signal, date }) =>
    endings.some(
      (ending) =>
        ending.kind === signal.kind && (date === null ? ending.own : dayOf(date) < dayOf(ending.date)),
    ),
  );
  return new Set(outdated.map(({ signal }) => signal));
}

function dayOf(date: string): string {
  return date.slice(0, 10);
}
