import { createHash } from 'node:crypto';
import type { CrmObject } from './crm.ts';

/** A row that a CRM sent and that can't be taken. It is left out, and told to people; the rows beside it are taken. */
export type UnreadableRow = {
  object: CrmObject | 'Opportunity';
  /** Its id as far as it can be shown: a readable one as it is, anything else quoted or described. The same row, the same text. */
  shownId: string;
  /** What is wrong with it, in words for people. */
  problem: string;
};

const LONGEST_SHOWN = 40;
const FINGERPRINT_LENGTH = 8;

/** Whatever a row holds in some place, in printable ASCII and not long: what can't be read may hold anything. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return quote(value.slice(0, LONGEST_SHOWN), value.length > LONGEST_SHOWN);
  if (typeof value === 'number' || typeof value === 'boolean') return `the ${typeof value} ${value}`;
  return Array.isArray(value) ? 'a list' : 'an object';
}

function quote(text: string, isCut: boolean): string {
  const printable = text.replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${printable}${isCut ? '…' : ''}"`;
}

/** The id of a row that has none to go by; what can't be told apart by sight gets a fingerprint. */
export function showId(id: unknown, row: unknown): string {
  if (typeof id === 'string' && id !== '' && id.length <= LONGEST_SHOWN) return showValue(id);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify(row) ?? '')
    .digest('hex')
    .slice(0, FINGERPRINT_LENGTH);
  return `${typeof id === 'string' && id !== '' ? showValue(id) : 'no id'} (row ${fingerprint})`;
}

// A record that says it was last changed before there were computers, or in a thousand years, would stand still for ever: every
// later version of it would seem to be the older one.
const FIRST_YEAR = 1970;
const LAST_YEAR = 2999;

/** Can it be the time of a record's last change? Takes ISO 8601 in UTC with milliseconds, as the connectors make it. */
export function isRecordTime(instant: string): boolean {
  const year = Number(instant.slice(0, 4));
  if (!(year >= FIRST_YEAR && year <= LAST_YEAR)) return false;
  // Every month has 28 days: only what is beyond is worth a parser's time.
  if (instant.slice(8, 10) <= '28') return true;
  const at = Date.parse(instant);
  return !Number.isNaN(at) && new Date(at).toISOString() === instant;
}
