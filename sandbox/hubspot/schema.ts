/** The objects that the twin keeps; their ids as HubSpot numbers them (developers.hubspot.com, "Understanding the CRM"). */
export const OBJECT_TYPES = {
  companies: { typeId: '0-2', singular: 'company', constant: 'COMPANY' },
  contacts: { typeId: '0-1', singular: 'contact', constant: 'CONTACT' },
  leads: { typeId: '0-136', singular: 'lead', constant: 'LEAD' },
  notes: { typeId: '0-46', singular: 'note', constant: 'NOTE' },
} as const;

export type ObjectType = keyof typeof OBJECT_TYPES;
export const objectTypes: readonly ObjectType[] = ['companies', 'contacts', 'leads', 'notes'];

/** The object that a path or body names: plural, singular or type id; null for anything else. */
export function findObjectType(name: string): ObjectType | null {
  for (const type of objectTypes) {
    const { typeId, singular } = OBJECT_TYPES[type];
    if (name === type || name === singular || name === typeId) return type;
  }
  return null;
}

/** The property that moves with every change of a record. */
export function modifiedProperty(type: ObjectType): 'lastmodifieddate' | 'hs_lastmodifieddate' {
  return type === 'contacts' ? 'lastmodifieddate' : 'hs_lastmodifieddate';
}

type PropertyType = 'string' | 'number' | 'enumeration' | 'bool' | 'date' | 'datetime';

export type PropertyOption = {
  label: string;
  value: string;
  hidden: boolean;
  displayOrder: number;
  description: string;
};

export type PropertyDefinition = {
  name: string;
  label: string;
  description: string;
  groupName: string;
  type: PropertyType;
  fieldType: string;
  options: PropertyOption[];
  hasUniqueValue: boolean;
  hubspotDefined: boolean;
  readOnlyValue: boolean;
  /** Milliseconds since the epoch; null for HubSpot's own. */
  createdAt: number | null;
  /** Most characters, where an administrator's validation rule says so (properties guide, "Property validation"). */
  textLimit?: number | undefined;
};

export type PropertyGroup = { name: string; label: string; displayOrder: number };

const standard = (
  name: string,
  label: string,
  type: PropertyType = 'string',
  rest: Partial<PropertyDefinition> = {},
): PropertyDefinition => ({
  name,
  label,
  description: '',
  groupName: 'information',
  type,
  fieldType: { string: 'text', number: 'number', enumeration: 'select', bool: 'booleancheckbox', date: 'date', datetime: 'date' }[type],
  options: [],
  hasUniqueValue: false,
  hubspotDefined: true,
  readOnlyValue: false,
  createdAt: null,
  ...rest,
}); // prettier-ignore

const readOnly = { readOnlyValue: true };

function commonProperties(type: ObjectType): PropertyDefinition[] {
  return [
    standard('hs_object_id', 'Record ID', 'number', readOnly),
    standard('hs_createdate', 'Object create date/time', 'datetime', readOnly),
    standard(modifiedProperty(type), 'Last modified date', 'datetime', readOnly),
    standard('hs_merged_object_ids', 'Merged record IDs', 'enumeration', readOnly),
    standard('createdate', 'Create date', 'datetime'),
    standard('hubspot_owner_id', 'Owner', 'enumeration'),
  ];
}

const address = () => [
  standard('phone', 'Phone number'),
  standard('website', 'Website URL'),
  standard('country', 'Country/Region'),
];

const optionsOf = (values: Record<string, string>): PropertyOption[] =>
  Object.entries(values).map(([value, label], displayOrder) => ({
    label,
    value,
    hidden: false,
    displayOrder,
    description: '',
  }));

/** The stages and statuses that come with every account (knowledge base, "Use lifecycle stages", "Use lead statuses"). */
const lifecycle = (): PropertyDefinition =>
  standard('lifecyclestage', 'Lifecycle Stage', 'enumeration', {
    fieldType: 'radio',
    options: optionsOf({
      subscriber: 'Subscriber',
      lead: 'Lead',
      marketingqualifiedlead: 'Marketing Qualified Lead',
      salesqualifiedlead: 'Sales Qualified Lead',
      opportunity: 'Opportunity',
      customer: 'Customer',
      evangelist: 'Evangelist',
      other: 'Other',
    }),
  });
const leadStatus = (): PropertyDefinition =>
  standard('hs_lead_status', 'Lead Status', 'enumeration', {
    fieldType: 'radio',
    options: optionsOf({
      NEW: 'New',
      OPEN: 'Open',
      IN_PROGRESS: 'In Progress',
      OPEN_DEAL: 'Open Deal',
      UNQUALIFIED: 'Unqualified',
      ATTEMPTED_TO_CONTACT: 'Attempted to Contact',
      CONNECTED: 'Connected',
      BAD_TIMING: 'Bad Timing',
    }),
  });

function ownProperties(type: ObjectType): PropertyDefinition[] {
  switch (type) {
    case 'companies':
      return [
        ...address(),
        standard('name', 'Company name'),
        standard('domain', 'Company domain name'),
        standard('industry', 'Industry', 'enumeration'),
        standard('numberofemployees', 'Number of employees', 'number'),
        standard('description', 'Description', 'string', { fieldType: 'textarea' }),
        standard('founded_year', 'Year founded'),
        standard('is_public', 'Is public', 'bool'),
        standard('hs_parent_company_id', 'Parent company', 'number', readOnly),
        lifecycle(),
        leadStatus(),
        standard('hs_num_open_deals', 'Number of Open Deals', 'number', readOnly),
      ];
    case 'contacts':
      return [
        ...address(),
        standard('email', 'Email', 'string', { hasUniqueValue: true }),
        standard('firstname', 'First name'),
        standard('lastname', 'Last name'),
        standard('jobtitle', 'Job title'),
        standard('company', 'Company name'),
        standard('industry', 'Industry'),
        standard('date_of_birth', 'Date of birth'),
        standard('closedate', 'Close date', 'date'),
        standard('associatedcompanyid', 'Primary associated company ID', 'number'),
        lifecycle(),
        leadStatus(),
        standard('hs_email_optout', 'Unsubscribed from all email', 'bool', readOnly),
      ];
    case 'leads':
      return [standard('hs_lead_name', 'Lead name'), standard('hs_lead_label', 'Lead label')];
    case 'notes':
      return [
        standard('hs_timestamp', 'Activity date', 'datetime'),
        standard('hs_note_body', 'Note body', 'string', { fieldType: 'html' }),
      ];
  }
}

/** What a fresh portal knows of an object before anyone adds to it. */
export function standardProperties(type: ObjectType): PropertyDefinition[] {
  return [...commonProperties(type), ...ownProperties(type)];
}

export function standardGroups(): PropertyGroup[] {
  return [{ name: 'information', label: 'Information', displayOrder: 0 }];
}

/** Answered when a search or a read names no properties (search guide, "Searchable CRM objects"). */
export function defaultProperties(type: ObjectType): readonly string[] {
  switch (type) {
    case 'companies':
      return ['name', 'domain', 'createdate', 'hs_lastmodifieddate', 'hs_object_id'];
    case 'contacts':
      return ['firstname', 'lastname', 'email', 'lastmodifieddate', 'createdate', 'hs_object_id'];
    case 'leads':
      return ['hs_lead_name', 'hs_createdate', 'hs_lastmodifieddate', 'hs_object_id'];
    case 'notes':
      return ['hs_createdate', 'hs_lastmodifieddate', 'hs_object_id'];
  }
}

/** Properties that a search's `query` looks into. */
export function queriedProperties(type: ObjectType): readonly string[] {
  switch (type) {
    case 'companies':
      return ['name', 'domain', 'website', 'phone'];
    case 'contacts':
      return ['firstname', 'lastname', 'email', 'phone', 'company'];
    case 'leads':
      return ['hs_lead_name'];
    case 'notes':
      return ['hs_note_body'];
  }
}
