import { STAGE_NAMES } from '../pipeline/stage.ts';
import type { Company } from '../pipeline/store/companies.ts';
import type { RunItem } from '../pipeline/store/run-items.ts';
import type { ProgressData } from './views/types.ts';

type Subject = Pick<Company, 'id' | 'name'>;
type Items = ReadonlyMap<string, Pick<RunItem, 'state' | 'stage'>>;

/** How far each company is. One without an item in the run had its score already. */
export function describeProgress(companies: readonly Subject[], items: Items, seconds: number): ProgressData {
  return {
    companies: companies.map(({ id, name }) => ({ subject: name, at: placeOf(items.get(id)) })),
    seconds,
  };
}

/** How far a pitch is that waits for its score, where that is still to be found. */
export function describePitchProgress(
  companies: readonly Subject[],
  items: Items,
  seconds: number,
): ProgressData {
  const scoring = describeProgress(companies, items, seconds);
  const atPitch = scoring.companies.map((one) =>
    one.at === 'done' ? { ...one, at: 'pitch' as const } : one,
  );
  return { ...scoring, companies: atPitch, purpose: 'pitch' };
}

/** The same key, the same to show. */
export function keyOf({ companies }: ProgressData): string {
  return companies.map(({ at }) => at).join(' ');
}

function placeOf(
  item: Pick<RunItem, 'state' | 'stage'> | undefined,
): ProgressData['companies'][number]['at'] {
  if (item === undefined || item.state === 'done') return 'done';
  if (item.state === 'failed' || item.state === 'cancelled') return 'failed';
  if (item.state === 'queued' && item.stage === null) return 'waiting';
  const finished = STAGE_NAMES.findIndex((name) => name === item.stage);
  return STAGE_NAMES[Math.min(finished + 1, STAGE_NAMES.length - 1)] ?? 'waiting';
}
