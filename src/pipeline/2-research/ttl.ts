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

/** For how many hours a source of this kind counts as known. */
export function ttlHoursOf(kind: SourceKind): number {
  return HOURS[kind];
}
