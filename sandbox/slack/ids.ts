import { hashBytes } from '../kit/world-ids.ts';

/** An id of Slack's form (a letter and ten capitals or digits), always the same for the same name. */
export function makeId(prefix: string, name: string): string {
  const number = hashBytes(`slack:${prefix}:${name}`).readBigUInt64BE(0);
  return prefix + number.toString(36).toUpperCase().padStart(13, '0').slice(-10);
}

/** `1764383000.000100`: the time in seconds, with the counter that makes it unique. */
export function formatTs(microseconds: number): string {
  return `${Math.floor(microseconds / 1_000_000)}.${String(microseconds % 1_000_000).padStart(6, '0')}`;
}

/** Microseconds since the epoch, or null for what is no time stamp. */
export function parseTs(ts: string): number | null {
  const match = /^(\d{1,10})(?:\.(\d{1,6}))?$/.exec(ts);
  if (match === null) return null;
  return Number(match[1]) * 1_000_000 + Number((match[2] ?? '').padEnd(6, '0'));
}
