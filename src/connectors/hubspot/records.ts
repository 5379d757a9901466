import type { CrmRecord } from '../crm.ts';
import { readFacts, readOthers } from '../crm-reading.ts';
import type { FieldMap, ObjectPlan } from '../crm-reading.ts';
import { ourProperties, readFields } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import type { ApiRecord } from './shapes.ts';

/** Which properties tell what, unless settings map it otherwise. A person's name is always first and last name. */
export const usualFields: Readonly<Record<HubspotObject, FieldMap>> = {
  company: {
    name: ['name'],
    // HubSpot keeps a company's domain clean; what people type as its website may be anything.
    website: ['domain', 'website'],
    industry: ['industry'],
    employees: ['numberofemployees'],
    country: ['country'],
  },
  contact: {
    companyName: ['company'],
    website: ['website'],
    email: ['email'],
    title: ['jobtitle'],
    industry: ['industry'],
    country: ['country'],
  },
};

/** Properties that mean the same thing in every account. */
const fixedProperties: Readonly<Record<HubspotObject, readonly string[]>> = {
  company: ['hubspot_owner_id', 'lifecyclestage', 'hs_num_open_deals'],
  contact: [
    'firstname',
    'lastname',
    'hubspot_owner_id',
    'associatedcompanyid',
    'lifecyclestage',
    'hs_email_optout',
  ],
};

// Internal names of the stages that come with every account (knowledge base, "Use lifecycle stages"); an evangelist is a
// customer who speaks for you. Stages of one's own are for a filter of one's own.
const CUSTOMER_STAGES = new Set(['customer', 'evangelist']);

/** The property that moves with every change of a record (contacts keep a name of their own for it). */
export function modifiedProperty(object: HubspotObject): 'lastmodifieddate' | 'hs_lastmodifieddate' {
  return object === 'contact' ? 'lastmodifieddate' : 'hs_lastmodifieddate';
}

/** Everything that a sync reads of an object. */
export function syncedProperties(plan: ObjectPlan<HubspotObject>): readonly string[] {
  const { object, fields, others } = plan;
  const mapped = fields.flatMap(([, names]) => names);
  const always = [modifiedProperty(object), 'hs_merged_object_ids', ...ourProperties];
  return [...new Set([...fixedProperties[object], ...mapped, ...others, ...always])];
}

/** A HubSpot record (judge-rows.ts) in the house's shape. */
export function toRecord(plan: ObjectPlan<HubspotObject>, record: ApiRecord): CrmRecord {
  const { object } = plan;
  const text = (name: string): string | null => {
    const value = record.properties[name]?.trim();
    return value === undefined || value === '' ? null : value;
  };
  const facts = readFacts(plan, text);
  const stage = text('lifecyclestage');
  const isContact = object === 'contact';
  const person = [text('firstname'), text('lastname')].filter((part) => part !== null).join(' ');
  return {
    object,
    externalId: record.id,
    ...facts,
    name: isContact ? (person === '' ? null : person) : facts.name,
    ownerId: text('hubspot_owner_id'),
    parentId: isContact ? text('associatedcompanyid') : null,
    modifiedAt: readModified(storedModified(object, record)) ?? '',
    deleted: record.archived === true,
    mergedInto: null,
    convertedTo: null,
    isPerson: false,
    signs: {
      customer: stage !== null && CUSTOMER_STAGES.has(stage) ? `lifecyclestage is ${stage}` : null,
      optedOut: text('hs_email_optout') === 'true',
      openDeals: Number(text('hs_num_open_deals') ?? 0) || 0,
    },
    others: readOthers(plan, text),
    ours: readFields(record.properties),
  };
}

/** When a record was last changed, as HubSpot wrote it. */
export function storedModified(object: HubspotObject, record: ApiRecord): string {
  return record.properties[modifiedProperty(object)] ?? record.archivedAt ?? record.updatedAt ?? '';
}

/** `2026-01-05T08:00:00Z`, or milliseconds since 1970 as search once wrote them → ISO 8601; null when it is no instant. */
export function readModified(stored: string): string | null {
  const at = new Date(/^\d+$/.test(stored) ? Number(stored) : stored);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

const ID = /^[1-9]\d{0,18}$/;

/** HubSpot's ids are whole numbers, written as text. */
export function isId(id: string): boolean {
  return ID.test(id);
}

/** The ids that were merged into a record, as it names them. */
export function mergedIds(record: ApiRecord): string[] {
  return (record.properties.hs_merged_object_ids ?? '')
    .split(';')
    .map((id) => id.trim())
    .filter((id) => id !== '');
}

/**
 * A record and those that were merged into it: a merge makes a new record, and the old ids are gone from every list
 * (changelog "Updated merge functionality for contacts and companies"), named only by the survivor.
 */
export function withMergedAway(record: CrmRecord, from: ApiRecord): CrmRecord[] {
  const gone = mergedIds(from).filter((id) => isId(id) && id !== record.externalId);
  const nothing = {
    name: null,
    companyName: null,
    website: null,
    email: null,
    title: null,
    industry: null,
    employees: null,
    country: null,
    ownerId: null,
    parentId: null,
    signs: { customer: null, optedOut: false, openDeals: 0 },
    others: {},
    ours: {},
  };
  return [
    record,
    ...gone.map((externalId) => ({
      ...record,
      ...nothing,
      externalId,
      deleted: true,
      mergedInto: record.externalId,
    })),
  ];
}
