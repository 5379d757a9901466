import { createHash } from 'node:crypto';
import type { CrmObject } from '../../connectors/crm.ts';
import type { ReadingPlan } from '../../connectors/crm-reading.ts';
import type { ConnectionSettings } from '../store/connection-settings.ts';

// Goes up when we read something more of every record, or judge it by more than is stored: then all is read again, which costs calls.
export const EDITION = 2;
// Goes up when rows are judged otherwise by what is stored of them (domain.ts and what it looks into, domainMeant): then they are
// judged anew where they lie.
export const JUDGEMENT = 1;

/** What the connector must read for these settings. */
export function planReading({ read, exclude }: Pick<ConnectionSettings, 'read' | 'exclude'>): ReadingPlan {
  const others: Partial<Record<CrmObject, string[]>> = {};
  for (const { object, field } of exclude.where) {
    const names = (others[object] ??= []);
    if (!names.includes(field)) names.push(field);
  }
  const { openDeals: deals, customers, optedOut } = exclude;
  return { fields: read, others, deals, customers, optedOut };
}

/** The settings that decide what a sync makes of an object, in short: a cursor of other ones means reading it again. */
export function nameOfPlan(
  object: CrmObject,
  { read, exclude }: Pick<ConnectionSettings, 'read' | 'exclude'>,
): string {
  const { customers, openDeals, optedOut, where } = exclude;
  const rules = where.filter((rule) => rule.object === object);
  const plan = JSON.stringify([EDITION, read[object] ?? null, customers, openDeals, optedOut, rules]);
  return createHash('sha256').update(plan).digest('base64url').slice(0, 16);
}
