import type { Signal } from '../store/signals.ts';

/** Two readers that know nothing of each other say the same: surer than either. */
const BOTH_CONFIDENCE = 0.9;

/**
 * The text model's signals and the phrases' → one list in which no claim stands twice. Two are the same when they are of one kind and
 * one quote holds the other, in whatever source (a press release on three sites is one fact). What both found keeps the phrases'
 * strength, since no model may talk a found claim down, and the shorter quote. Same signals, same order, whatever order they came in.
 */
export function mergeSignals(fromModel: readonly Signal[], fromPhrases: readonly Signal[]): Signal[] {
  const merged: { signal: Signal; byModel: boolean; byPhrases: boolean }[] = [];
  const add = (signal: Signal, byModel: boolean): void => {
    const same = merged.find(
      (other) =>
        other.signal.kind === signal.kind &&
        (other.signal.quote.includes(signal.quote) || signal.quote.includes(other.signal.quote)),
    );
    if (!same) {
      merged.push({ signal, byModel, byPhrases: !byModel });
      return;
    }
    same.byModel ||= byModel;
    same.byPhrases ||= !byModel;
  };
  for (const signal of fromPhrases.toSorted(inOrder)) add(signal, false);
  for (const signal of fromModel.toSorted(inOrder)) add(signal, true);
  return merged
    .map(({ signal, byModel, byPhrases }) =>
      byModel && byPhrases ? { ...signal, confidence: Math.max(signal.confidence, BOTH_CONFIDENCE) } : signal,
    )
    .toSorted(inOrder);
}

function inOrder(a: Signal, b: Signal): number {
  const key = (signal: Signal) => `${signal.kind}\n${signal.url}\n${signal.quote}`;
  return b.strength - a.strength || (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
