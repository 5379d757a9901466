/** 0.0034 → "$0.0034", 12.5 → "$12.50": cents, or two digits where cents would show nothing. */
export function formatUsd(usd: number): string {
  if (usd === 0 || usd >= 0.01) return `$${usd.toFixed(2)}`;
  return `$${Number(usd.toPrecision(2)).toFixed(6).replace(/0+$/, '')}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** An ISO day or time → "3 Mar 2026"; what is no date stays as it is. */
export function formatDay(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** Tenths with a sign: "+12.4", "−3.0". */
export function formatPoints(points: number): string {
  if (points === 0) return '0.0';
  return `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)}`;
}
