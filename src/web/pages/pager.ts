import { formatCount } from './format.ts';

// More rows than a screen or two only slow the page; the search finds the rest.
export const PAGE_SIZE = 50;

export type PagerView = { summary: string; previous: string | null; next: string | null };

/** ?page=3 → 3; anything else → 1. */
export function readPageNumber(value: unknown): number {
  const page = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : 1;
  return Math.max(1, page);
}

/** Where page `page` of `total` rows lies, with links that keep the rest of the query. */
export function describePager(
  path: string,
  query: Record<string, string | undefined>,
  { page, total }: { page: number; total: number },
): PagerView {
  const link = (to: number): string => linkWith(path, { ...query, page: to > 1 ? String(to) : undefined });
  const first = (page - 1) * PAGE_SIZE + 1;
  const last = Math.min(total, page * PAGE_SIZE);
  return {
    summary:
      first > total ? 'No rows' : `${formatCount(first)}–${formatCount(last)} of ${formatCount(total)}`,
    previous: page > 1 ? link(page - 1) : null,
    next: last < total ? link(page + 1) : null,
  };
}

/** A path with those of the parameters that are set. */
export function linkWith(path: string, query: Record<string, string | undefined>): string {
  const set = Object.entries(query).flatMap(([name, value]) =>
    value ? [[name, value] satisfies [string, string]] : [],
  );
  return set.length === 0 ? path : `${path}?${new URLSearchParams(set).toString()}`;
}
