import { z } from 'zod';
import { FIELDS } from '../../connectors/crm-fields.ts';
import { describeRule } from '../../pipeline/1-sync/exclude.ts';
import type { FieldPolicy } from '../../pipeline/store/connection-settings.ts';

/** When a field is written, in words for the one who chooses. */
export const POLICY_LABELS: Record<FieldPolicy, string> = {
  'ours-until-edited': 'until somebody edits it (usual)',
  'fill-if-empty': 'only into an empty field',
  always: 'always, over edits too',
  never: 'never',
};

/** Of an object without a rule of its own. */
export const AS_EVERYWHERE = 'as on every object';

export const READ_LABELS: Readonly<Record<string, string>> = {
  name: 'Name',
  companyName: 'Company name',
  website: 'Website',
  email: 'E-mail',
  title: 'Job title',
  industry: 'Industry',
  employees: 'Employees',
  country: 'Country',
};

export const SWITCH_LABELS: Readonly<Record<string, string>> = {
  customers: 'Customers',
  openDeals: 'Open deals',
  optedOut: 'People who opted out',
  where: 'Filters of your own',
};

const nameField = (key: string): string => FIELDS.find((field) => field.key === key)?.label ?? key;

/** A place of the settings (`read.Account.industry`) as people call it. */
export function namePlace(path: string): string {
  const [block = '', one = '', two = ''] = path.split('.');
  if (block === 'read') return `${one}: ${READ_LABELS[two] ?? two}`;
  if (block === 'write')
    return `${nameField(two || one)}, when it is written${two === '' ? '' : ` to ${one}`}`;
  if (block === 'exclude') return `Left out: ${SWITCH_LABELS[one] ?? one}${two === '' ? '' : `, filter ${Number(two) + 1}`}`; // prettier-ignore
  if (block === 'dailyShare') return "Share of the day's calls";
  if (block === 'noteOnBandChange') return 'A note when the band changes';
  return block;
}

const Rules = z.array(
  z.object({
    object: z.string(),
    field: z.string(),
    op: z.string(),
    value: z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number(), z.boolean()]))]).optional(), // prettier-ignore
  }),
);

/** What stands at a place of the settings, in words. */
export function nameValue(path: string, value: unknown): string {
  if (path === 'exclude.where') {
    const rules = Rules.safeParse(value).data ?? [];
    return rules.map((rule) => `${rule.object}.${describeRule(rule)}`).join('; ') || 'none';
  }
  if (path.startsWith('write.')) {
    const label = Object.entries(POLICY_LABELS).find(([policy]) => policy === value)?.[1];
    return label ?? (writeScalar(value) || AS_EVERYWHERE);
  }
  if (path === 'dailyShare') return `${formatShare(value)} %`;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (value === null || value === undefined) return 'nothing';
  return Array.isArray(value) ? value.map(writeScalar).join(', else ') : writeScalar(value);
}

/** 0.825 → 82.5 */
export function formatShare(share: unknown): string {
  return typeof share === 'number' ? String(Math.round(share * 1000) / 10) : writeScalar(share);
}

/** A value as it was typed; of anything that is none, nothing. */
export function writeScalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
