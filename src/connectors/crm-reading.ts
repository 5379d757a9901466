import type { CrmObject } from './crm.ts';

/** What we want to know of a record, beside what every platform tells by itself (ids, owner, family, times). */
export const READ_KEYS = [
  'name',
  'companyName',
  'website',
  'email',
  'title',
  'industry',
  'employees',
  'country',
] as const;
export type ReadKey = (typeof READ_KEYS)[number];

/** Which of the CRM's fields tell it: of several the first that holds something; of none, nothing is read. */
export type FieldMap = Partial<Record<ReadKey, readonly string[]>>;

/** What is read of each object in another way than usual. */
export type ReadingPlan = {
  fields: Partial<Record<CrmObject, FieldMap>>;
  /** Further fields, whose values are handed on as they are. */
  others: Partial<Record<CrmObject, readonly string[]>>;
  /** Whether open deals are asked for. */
  deals: boolean;
  /** Whether customers, and people who opted out, are to be told from others. */
  customers: boolean;
  optedOut: boolean;
};

export const READ_AS_USUAL: ReadingPlan = {
  fields: {},
  others: {},
  deals: false,
  customers: false,
  optedOut: false,
};

/** A field of the CRM, as the one who maps it must know it. */
export type CrmField = {
  name: string;
  label: string;
  kind: 'text' | 'number' | 'yes-no' | 'date' | 'other';
  /** The platform's own word for its type. */
  platformType: string;
};

/** How one object is read. */
export type ObjectPlan<Name extends string = string> = {
  object: Name;
  fields: readonly (readonly [key: ReadKey, names: readonly string[]])[];
  others: readonly string[];
  /** Fields that somebody asked for by name: a sync that can't read them is no sync. */
  asked: ReadonlyMap<string, string>;
  /** Usual fields of which the same is true. */
  needed: ReadonlyMap<string, NeededField>;
};

/** What a field is needed for, and what else one may do than grant it. */
export type NeededField = { use: string; instead: string | null };

/** The usual map of an object with what is mapped otherwise. */
export function planObject<Name extends CrmObject>(
  object: Name,
  usual: FieldMap,
  plan: ReadingPlan,
  needed: ReadonlyMap<string, NeededField> = new Map(),
): ObjectPlan<Name> {
  const mapped: FieldMap = plan.fields[object] ?? {};
  const others = plan.others[object] ?? [];
  const map: FieldMap = { ...usual, ...mapped };
  const asked = new Map<string, string>();
  for (const name of others) asked.set(name, 'a filter of your own');
  for (const key of READ_KEYS) for (const name of mapped[key] ?? []) asked.set(name, key);
  return {
    object,
    fields: READ_KEYS.flatMap((key) => (map[key] === undefined ? [] : [[key, map[key]] as const])),
    others,
    asked,
    needed,
  };
}

export type RawValue = string | number | boolean | null;

export type Facts = Record<Exclude<ReadKey, 'employees'>, string | null> & { employees: number | null };

/** What a record's fields tell of it: `valueOf` gives a field's raw value, null when it is empty. */
export function readFacts(plan: ObjectPlan, valueOf: (name: string) => RawValue): Facts {
  const facts: Facts = {
    name: null,
    companyName: null,
    website: null,
    email: null,
    title: null,
    industry: null,
    employees: null,
    country: null,
  };
  for (const [key, names] of plan.fields) {
    for (const name of names) {
      const value = valueOf(name);
      if (value === null) continue;
      if (key === 'employees') facts.employees = typeof value === 'number' ? value : readCount(String(value));
      else facts[key] = String(value);
      break;
    }
  }
  return facts;
}

/** Raw values of the further fields. */
export function readOthers(
  plan: ObjectPlan,
  valueOf: (name: string) => RawValue,
): Readonly<Record<string, RawValue>> {
  if (plan.others.length === 0) return NONE;
  return Object.fromEntries(plan.others.map((name) => [name, valueOf(name)]));
}

const NONE: Readonly<Record<string, RawValue>> = {};

// 1200, 1,200, 1.200, 1 200 and 1'200; a range (51-200, 51 to 200) and an open end (10,000+) count from their beginning.
const COUNT =
  /^(\d{1,3}(?:[,.' \u00a0\u202f]\d{3})+|\d+)\s*(?:\+|(?:-|–|to|bis)\s*\d[\d,.' \u00a0\u202f]*)?$/;

/** A number of people as people type it; null where it is none. */
export function readCount(text: string): number | null {
  const [, digits] = COUNT.exec(text.trim()) ?? [];
  if (digits !== undefined) return Number(digits.replace(/\D/g, ''));
  return /^\d+\.\d+$/.test(text.trim()) ? Math.round(Number(text)) : null;
}
