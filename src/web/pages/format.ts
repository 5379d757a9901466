export { formatDay, formatPoints, formatUsd } from '../../pipeline/format.ts';

/** 12345 → "12,345". */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Milliseconds → "45 s", "3 min", "2 h 5 min". */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

/** A moment as people read it, with the exact one for machines and for the tooltip. */
export type Moment = { iso: string; ago: string; exact: string };

export function describeMoment(date: Date, now: Date = new Date()): Moment {
  const elapsed = now.getTime() - date.getTime();
  const iso = date.toISOString();
  const ago = elapsed < 10_000 ? 'just now' : `${formatDuration(elapsed)} ago`;
  return { iso, ago, exact: `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC` };
}
