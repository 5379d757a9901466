import type { UnreadPage } from '../store/sources.ts';

/**
 * May a search engine's copy stand in for a site that could not be read? Not for a parked domain, which is no longer the company's, and
 * not where robots.txt asks to be left alone; a bot wall or an outage forbids nothing.
 */
export function mayUseOwnHits(site: { pages: readonly unknown[]; unread: readonly UnreadPage[] }): boolean {
  if (site.pages.length > 0) return true;
  return !site.unread.some(({ reason }) => reason === 'parked' || reason === 'robots');
}
