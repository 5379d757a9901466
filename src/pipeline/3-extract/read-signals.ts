import type { ScoringModel } from '../scoring-model.ts';
import type { Signal } from '../store/signals.ts';
import type { Source } from '../store/sources.ts';
import type { JudgedSource } from './sentence-subject.ts';
import { findSignals } from './find-signals.ts';
import { mergeSignals } from './merge-signals.ts';
import { type Ending, findOutdated } from './outdated.ts';
import type { ReadCompany, ReadingPrompt } from './reading-prompt.ts';
import type { Dropped } from './reading.ts';
import { speaksForItself } from './speaker.ts';

export type SignalReading = {
  signals: Signal[];
  dropped: Dropped[];
  /** Sentences that try to instruct their reader; for an administrator to see. */
  flagged: ReadingPrompt['flagged'];
};

/**
 * A company's sources → the signals that phrases find in them, each once, without what has since been said to be over. Pure; both
 * the pipeline and `eval` read with it.
 */
export function readSignals(options: {
  company: ReadCompany;
  sources: readonly (JudgedSource & Pick<Source, 'id' | 'title'>)[];
  model: ScoringModel;
}): SignalReading {
  const { company, model } = options;
  const dropped: Dropped[] = [];
  const flagged: ReadingPrompt['flagged'] = [];
  const found: { signal: Signal; date: string | null }[] = [];
  const endings: Ending[] = [];
  for (const source of options.sources) {
    const { signals, refused, instructions } = findSignals(source, model, company);
    for (const sentence of instructions) flagged.push({ sourceId: source.id, url: source.url, sentence });
    // The company's own pages are true on the day on which they were read; of others' without a date nobody knows.
    const own = speaksForItself(source, company.domain);
    const date = source.published ?? (own ? source.fetchedAt : null);
    for (const signal of signals) found.push({ signal, date });
    for (const { kind, reason, sentence } of refused) {
      if (reason === 'namesake') dropped.push(describe(reason, sentence));
      if (reason === 'ended' && date !== null) endings.push({ kind, date, own });
    }
  }
  const outdated = findOutdated(found, endings);
  for (const signal of outdated) dropped.push(describe('outdated', signal.quote));
  const kept = found.flatMap(({ signal }) => (outdated.has(signal) ? [] : [signal]));
  return { signals: mergeSignals([], kept), dropped, flagged };
}

function describe(reason: string, said: string): Dropped {
  return { what: 'signal', reason, said: said.slice(0, 200).toWellFormed() };
}
