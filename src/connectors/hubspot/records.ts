import type { CrmRecord } from '../crm.ts';
import { ourProperties, readFields } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import type { ApiRecord } from './shapes.ts';

const readProperties: Readonly<Record<HubspotObject, readonly string[]>> = {
  company: ['name', 'domain', 'website', 'industry', 'numberofemployees', 'country', 'hubspot_owner_id'],
  contact: [
    'firstname', 'lastname', 'email', 'jobtitle', 'company', 'website', 'industry', 'country', 'hubspot_owner_id', 'associatedcompanyid',
  ], // prettier-ignore
};

/** The property that moves with every change of a record (contacts keep a name of their own for it). */
export function modifiedProperty(object: HubspotObject): 'lastmodifieddate' | 'hs_lastmodifieddate' {
  return object === 'contact' ? 'lastmodifieddate' : 'hs_lastmodifieddate';
}

/** Everything that a sync reads of an object. */
export function syncedProperties(object: HubspotObject): readonly string[] {
  return [...readProperties[object], modifiedProperty(object), 'hs_merged_object_ids', ...ourProperties];
}

/** A HubSpot record in the house's shape. */
export function toRecord(object: HubspotObject, record: ApiRecord): CrmRecord {
  const text = (name: string): string | null => {
    const value = record.properties[name]?.trim();
    return value === undefined || value === '' ? null : value;
  };
  const employees = Number(text('numberofemployees') ?? Number.NaN);
  const isContact = object === 'contact';
  const person = [text('firstname'), text('lastname')].filter((part) => part !== null).join(' ');
  return {
    object,
    externalId: record.id,
    name: isContact ? (person === '' ? null : person) : text('name'),
    companyName: isContact ? text('company') : null,
    // HubSpot keeps a company's domain clean; what people type as its website may be anything.
    website: text('domain') ?? text('website'),
    email: text('email'),
    title: text('jobtitle'),
    industry: text('industry'),
    employees: Number.isFinite(employees) ? employees : null,
    country: text('country'),
    ownerId: text('hubspot_owner_id'),
    parentId: isContact ? text('associatedcompanyid') : null,
    modifiedAt: readModified(object, record),
    deleted: record.archived === true,
    mergedInto: null,
    convertedTo: null,
    isPerson: false,
    ours: readFields(record.properties),
  };
}

function readModified(object: HubspotObject, record: ApiRecord): string {
  const stored = record.properties[modifiedProperty(object)] ?? record.archivedAt ?? record.updatedAt ?? '';
  const at = new Date(/^\d+$/.test(stored) ? Number(stored) : stored);
  return Number.isNaN(at.getTime()) ? new Date(0).toISOString() : at.toISOString();
}

/**
 * A record and those that were merged into it: a merge makes a new record, and the old ids are gone from every list
 * (changelog "Updated merge functionality for contacts and companies"), named only by the survivor.
 */
export function withMergedAway(record: CrmRecord, from: ApiRecord): CrmRecord[] {
  const gone = (from.properties.hs_merged_object_ids ?? '')
    .split(';')
    .map((id) => id.trim())
    .filter((id) => id !== '' && id !== record.externalId);
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
