import { z } from 'zod';
import type { FieldKey } from '../../connectors/crm-fields.ts';
import { READ_KEYS } from '../../connectors/crm-reading.ts';
import { DAILY_SHARE } from '../../connectors/daily-share.ts';

export const OBJECTS = ['Account', 'Lead', 'Contact', 'company', 'contact'] as const;

/**
 * When one of our fields may be written.
 * - `ours-until-edited`: while it holds what we left there, or is empty and was never ours (the usual)
 * - `fill-if-empty`: only into an empty field that was never ours
 * - `always`: whatever it holds; what it held is kept in the audit log
 * - `never`
 */
const Policy = z.enum(['ours-until-edited', 'fill-if-empty', 'always', 'never']);
export type FieldPolicy = z.infer<typeof Policy>;

const ofEachField = {
  score: Policy,
  band: Policy,
  confidence: Policy,
  why: Policy,
  personas: Policy,
  competitors: Policy,
  pitch: Policy,
  pitchLink: Policy,
  model: Policy,
  scoredAt: Policy,
} satisfies Record<FieldKey, typeof Policy>;
const OfObject = z.strictObject(ofEachField).partial();

/** On every object; under an object's name what is otherwise there. */
const WritePolicies = z
  .strictObject({ ...ofEachField, Account: OfObject, Lead: OfObject, company: OfObject, contact: OfObject })
  .partial();
export type WritePolicies = z.infer<typeof WritePolicies>;

const fieldName = z
  .string()
  .trim()
  .regex(/^\w{1,100}$/, 'is no field name');
const oneOrMore = z
  .union([fieldName, z.array(fieldName).max(5), z.null()])
  .transform((given) => (given === null ? [] : typeof given === 'string' ? [given] : given));

/** How a filter of one's own compares; without regard to case. */
export const OPERATORS = [
  'is',
  'is-not',
  'contains',
  'starts-with',
  'less-than',
  'more-than',
  'is-empty',
  'is-filled',
] as const;

const scalar = z.union([z.string().max(255), z.number(), z.boolean()]);
const Rule = z
  .strictObject({
    object: z.enum(OBJECTS),
    field: fieldName,
    op: z.enum(OPERATORS),
    /** One value, or several of which one is enough. */
    value: z.union([scalar, z.array(scalar).min(1).max(100)]).optional(),
  })
  .superRefine((rule, context) => {
    const needsValue = rule.op !== 'is-empty' && rule.op !== 'is-filled';
    const refuse = (message: string): void => context.addIssue({ code: 'custom', path: ['value'], message });
    if (needsValue && rule.value === undefined) refuse(`"${rule.op}" needs a value`);
    if (!needsValue && rule.value !== undefined) refuse(`"${rule.op}" takes no value`);
    const values = Array.isArray(rule.value) ? rule.value : [rule.value];
    const isOrder = rule.op === 'less-than' || rule.op === 'more-than';
    if (isOrder && values.some((value) => typeof value !== 'number' || values.length > 1))
      refuse(`"${rule.op}" takes one number`);
  });
export type ExclusionRule = z.infer<typeof Rule>;

const Exclude = z.strictObject({
  /** What the CRM itself calls a customer. */
  customers: z.boolean().default(true),
  /** Companies that somebody is selling to right now. */
  openDeals: z.boolean().default(true),
  /** People who want no e-mail. */
  optedOut: z.boolean().default(true),
  /** Filters of one's own; one that fits is enough. */
  where: z.array(Rule).max(50).default([]),
});
export type Exclusions = z.infer<typeof Exclude>;

/** What people set for one connection; what is left out is as usual. */
export const ConnectionSettings = z.strictObject({
  /** Which fields of the CRM are read as what. */
  read: z.partialRecord(z.enum(OBJECTS), z.partialRecord(z.enum(READ_KEYS), oneOrMore)).default({}),
  /** When each of our own fields is written. */
  write: WritePolicies.default({}),
  exclude: Exclude.prefault({}),
  /** The part of the day's API calls after which batch work stops. */
  dailyShare: z.number().gt(0).max(1).default(DAILY_SHARE),
  /** A note on the record's timeline when its band changes. */
  noteOnBandChange: z.boolean().default(false),
});
export type ConnectionSettings = z.infer<typeof ConnectionSettings>;
