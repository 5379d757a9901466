import type { CrmRecord } from '../../connectors/crm.ts';
import type { RawValue } from '../../connectors/crm-reading.ts';
import type { ExclusionRule, Exclusions } from '../store/connection-settings.ts';

/**
 * Why a record is left out of research, in words for people; null: it is not. What a company's own record says goes for the
 * company; what a person's says goes for that person, and for a company that is known through such people alone. Pure.
 */
export function findExclusion(record: CrmRecord, exclude: Exclusions): string | null {
  if (record.deleted) return null;
  const { customer, optedOut, openDeals } = record.signs;
  if (exclude.customers && customer !== null) return `a customer: ${customer}`;
  if (exclude.openDeals && openDeals > 0) return 'an open deal';
  if (exclude.optedOut && optedOut) return 'opted out of e-mail';
  const rule = exclude.where.find(
    (one) => one.object === record.object && fits(one, record.others[one.field] ?? null),
  );
  return rule === undefined ? null : `your filter: ${describeRule(rule)}`;
}

function fits({ op, value }: ExclusionRule, held: RawValue): boolean {
  const wanted = value === undefined ? [] : Array.isArray(value) ? value : [value];
  switch (op) {
    case 'is-empty':
      return held === null;
    case 'is-filled':
      return held !== null;
    case 'is':
      return wanted.some((one) => fold(one) === fold(held));
    case 'is-not':
      return wanted.every((one) => fold(one) !== fold(held));
    case 'contains':
      return held !== null && wanted.some((one) => fold(held).includes(fold(one)));
    case 'starts-with':
      return held !== null && wanted.some((one) => fold(held).startsWith(fold(one)));
    case 'less-than':
      return isNumber(held) && wanted.some((one) => Number(held) < Number(one));
    case 'more-than':
      return isNumber(held) && wanted.some((one) => Number(held) > Number(one));
  }
}

// HubSpot sends every value as text: 5 and "5" are the same, and so are true and "true".
function fold(value: RawValue): string {
  return value === null ? '' : String(value).trim().toLowerCase();
}

function isNumber(held: RawValue): boolean {
  return held !== null && String(held).trim() !== '' && Number.isFinite(Number(held));
}

/** `Region__c is APAC` */
export function describeRule({
  field,
  op,
  value,
}: Omit<ExclusionRule, 'object' | 'op'> & { op: string }): string {
  const values = value === undefined ? '' : ` ${Array.isArray(value) ? value.join(' or ') : String(value)}`;
  return `${field} ${op.replaceAll('-', ' ')}${values}`;
}
