import type { SourceKind } from '../store/sources.ts';

// How fast each kind goes stale: news and openings within hours, sites and reviews within a day, filings and profiles in a week.
const HOURS: Record<SourceKind, number> = {
  news: 1,
  jobs: 2,
  site: 24,
  review: 24,
  funding: 24,
  forum: 24,
  other: 24,
  docs: 168,
  filing: 168,
  profile: 168,
};
const HOUR_MS = 3_600_000;

/** For how many hours a source of this kind counts as known. */
export function ttlHoursOf(kind: SourceKind): number {
  return HOURS[kind];
}

/** True while what was fetched at `fetchedAt` (ISO) need not be fetched again. A time in the future is a broken clock, not fresh. */
export function isFresh(kind: SourceKind, fetchedAt: string, now: Date): boolean {
  const age = now.getTime() - Date.parse(fetchedAt);
  return age >= 0 && age < HOURS[kind] * HOUR_MS;
}
