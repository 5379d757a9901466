import type { HubspotCompany, HubspotContact, World } from '../kit/world-types.ts';
import type { ObjectType, PropertyOption } from './schema.ts';
import { modifiedProperty } from './schema.ts';

/** A record as the world hands it over, before anyone touched it in the twin. */
export type SeedRecord = {
  type: ObjectType;
  id: string;
  properties: Record<string, string>;
  companyId: string | null;
};

/**
 * When every record of a world was imported and last modified: one bulk import, hence one timestamp. Fixed, so that
 * the same world always gives the same portal.
 */
export const IMPORTED_AT = Date.parse('2026-06-01T09:00:00.000Z');

function fill(
  type: ObjectType,
  id: string,
  values: Record<string, string | number | null>,
): Record<string, string> {
  const at = new Date(IMPORTED_AT).toISOString();
  const properties: Record<string, string> = {
    hs_object_id: id,
    createdate: at,
    hs_createdate: at,
    [modifiedProperty(type)]: at,
  };
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== '') properties[name] = String(value);
  }
  return properties;
}

function seedCompany(company: HubspotCompany): SeedRecord {
  const { id, name, domain, website, industry, employees, country, phone, owner, parentId } = company;
  const values = {
    name,
    domain,
    website,
    industry,
    numberofemployees: employees,
    country,
    phone,
    hubspot_owner_id: owner,
    hs_parent_company_id: parentId,
  };
  return { type: 'companies', id, properties: fill('companies', id, values), companyId: null };
}

function seedContact(contact: HubspotContact): SeedRecord {
  const { id, firstName, lastName, email, title, company, website, country, phone, owner, companyId } =
    contact;
  const values = {
    firstname: firstName,
    lastname: lastName,
    email,
    jobtitle: title,
    company,
    website,
    country,
    phone,
    hubspot_owner_id: owner,
    associatedcompanyid: companyId,
  };
  return { type: 'contacts', id, properties: fill('contacts', id, values), companyId };
}

/** A world's HubSpot rows as records; what is empty is absent, as in the CRM. */
export function* seedRecords(world: World): Generator<SeedRecord> {
  for (const company of world.records.hubspot.companies) yield seedCompany(company);
  for (const contact of world.records.hubspot.contacts) yield seedContact(contact);
}

/** The industries that a world's companies are in: the options of the portal's industry picklist. */
export function seedIndustries(world: World): PropertyOption[] {
  const names = new Set(world.records.hubspot.companies.flatMap(({ industry }) => industry ?? []));
  return [...names].map((name, displayOrder) => ({
    label: name,
    value: name,
    hidden: false,
    displayOrder,
    description: '',
  }));
}
