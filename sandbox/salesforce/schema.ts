import { accountTypes, stages, taskStatuses } from './picklists.ts';

export type FieldType =
  | 'id'
  | 'string'
  | 'textarea'
  | 'picklist'
  | 'url'
  | 'email'
  | 'phone'
  | 'double'
  | 'int'
  | 'boolean'
  | 'reference'
  | 'date'
  | 'datetime';

export type Field = {
  name: string;
  label: string;
  type: FieldType;
  /** Most characters; 0 where the type has none. */
  length: number;
  precision: number;
  scale: number;
  values: readonly string[];
  restricted: boolean;
  custom: boolean;
  nillable: boolean;
  createable: boolean;
  updateable: boolean;
  /** False: no field-level security applies, everybody who sees the object sees the field. */
  permissionable: boolean;
  /** Rich or long text can be neither filtered nor sorted by. */
  long: boolean;
  /** What is saved is HTML. */
  rich: boolean;
  referenceTo: string | null;
  relationship: string | null;
};

export type DataObject = 'Account' | 'Lead' | 'Contact' | 'Opportunity' | 'Task';
export const dataObjects: readonly DataObject[] = ['Account', 'Lead', 'Contact', 'Opportunity', 'Task'];

export type ObjectName =
  | DataObject
  | 'User'
  | 'Organization'
  | 'PermissionSet'
  | 'PermissionSetAssignment'
  | 'PermissionSetGroup'
  | 'PermissionSetGroupComponent'
  | 'FieldPermissions'
  | 'ProcessInstance'
  | 'TaskStatus';

export const keyPrefixes: Readonly<Record<ObjectName, string>> = {
  Account: '001',
  Contact: '003',
  Lead: '00Q',
  Opportunity: '006',
  User: '005',
  Organization: '00D',
  PermissionSet: '0PS',
  PermissionSetAssignment: '0Pa',
  PermissionSetGroup: '0PG',
  PermissionSetGroupComponent: '0PF',
  FieldPermissions: '01k',
  ProcessInstance: '04g',
  Task: '00T',
  TaskStatus: '01J',
};

// What a type is unless a field says otherwise; lengths as the platform's object reference gives them.
const usualLength: Partial<Record<FieldType, number>> = {
  id: 18,
  reference: 18,
  string: 255,
  picklist: 40,
  url: 255,
  email: 80,
  phone: 40,
  textarea: 32_000,
};

/** A field of a type, with what the platform makes of it by default. */
export function field(name: string, label: string, type: FieldType, rest: Partial<Field> = {}): Field {
  return {
    name,
    label,
    type,
    length: usualLength[type] ?? 0,
    precision: 0,
    scale: 0,
    values: [],
    restricted: false,
    custom: false,
    nillable: true,
    createable: true,
    updateable: true,
    permissionable: rest.nillable !== false,
    long: type === 'textarea',
    rich: false,
    referenceTo: null,
    relationship: null,
    ...rest,
  };
}

export const fixed = { nillable: false, createable: false, updateable: false, permissionable: false };
const kept = { createable: false, updateable: false, permissionable: false };
const user = (relationship: string) => ({ referenceTo: 'User', relationship });

function systemFields(object: DataObject): Field[] {
  return [
    field('Id', `${object} ID`, 'id', fixed),
    field('IsDeleted', 'Deleted', 'boolean', fixed),
    field('MasterRecordId', 'Master Record ID', 'reference', {
      ...kept,
      referenceTo: object,
      relationship: 'MasterRecord',
    }),
    field('OwnerId', 'Owner ID', 'reference', { ...user('Owner'), nillable: false }),
    field('CreatedDate', 'Created Date', 'datetime', fixed),
    field('CreatedById', 'Created By ID', 'reference', { ...fixed, ...user('CreatedBy') }),
    field('LastModifiedDate', 'Last Modified Date', 'datetime', fixed),
    field('LastModifiedById', 'Last Modified By ID', 'reference', { ...fixed, ...user('LastModifiedBy') }),
    field('SystemModstamp', 'System Modstamp', 'datetime', fixed),
  ];
}

function personFields(): Field[] {
  return [
    field('Name', 'Full Name', 'string', { ...kept, nillable: false, length: 121 }),
    field('LastName', 'Last Name', 'string', { nillable: false, length: 80 }),
    field('FirstName', 'First Name', 'string', { length: 40 }),
    field('Title', 'Title', 'string', { length: 128 }),
    field('Phone', 'Phone', 'phone'),
    field('Email', 'Email', 'email'),
  ];
}

const employees = field('NumberOfEmployees', 'Employees', 'int');
const industry = (length: number): Field =>
  field('Industry', 'Industry', 'picklist', { length, values: ['Technology', 'Manufacturing'] });
const description = (object: DataObject): Field => field('Description', `${object} Description`, 'textarea');

/** The standard fields that the twin knows of each object. */
export function standardFields(object: DataObject, personAccounts: boolean): Field[] {
  switch (object) {
    case 'Account':
      return [
        ...systemFields(object),
        field('Name', 'Account Name', 'string', { nillable: false }),
        field('ParentId', 'Parent Account ID', 'reference', {
          referenceTo: 'Account',
          relationship: 'Parent',
        }),
        field('Website', 'Website', 'url'),
        industry(40),
        employees,
        field('Type', 'Account Type', 'picklist', { values: accountTypes }),
        field('BillingCountry', 'Billing Country', 'string', { length: 80 }),
        field('Phone', 'Account Phone', 'phone'),
        description(object),
        ...(personAccounts ? [field('IsPersonAccount', 'Is Person Account', 'boolean', fixed)] : []),
      ];
    case 'Lead':
      return [
        ...systemFields(object),
        ...personFields(),
        field('Company', 'Company', 'string', { nillable: false }),
        field('Website', 'Website', 'url'),
        industry(255),
        employees,
        field('Country', 'Country', 'string', { length: 80 }),
        field('Status', 'Status', 'picklist', {
          length: 255,
          nillable: false,
          values: ['Open - Not Contacted', 'Working - Contacted', 'Closed - Converted'],
        }),
        description(object),
        field('HasOptedOutOfEmail', 'Email Opt Out', 'boolean', { nillable: false, permissionable: true }),
        field('IsConverted', 'Converted', 'boolean', fixed),
        field('ConvertedDate', 'Converted Date', 'date', kept),
        field('ConvertedAccountId', 'Converted Account ID', 'reference', {
          ...kept,
          referenceTo: 'Account',
          relationship: 'ConvertedAccount',
        }),
        field('ConvertedContactId', 'Converted Contact ID', 'reference', {
          ...kept,
          referenceTo: 'Contact',
          relationship: 'ConvertedContact',
        }),
      ];
    case 'Contact':
      return [
        ...systemFields(object),
        ...personFields(),
        field('AccountId', 'Account ID', 'reference', { referenceTo: 'Account', relationship: 'Account' }),
        field('MailingCountry', 'Mailing Country', 'string', { length: 80 }),
        description(object),
        field('HasOptedOutOfEmail', 'Email Opt Out', 'boolean', { nillable: false, permissionable: true }),
        // Each person account has a contact of its own.
        ...(personAccounts ? [field('IsPersonAccount', 'Is Person Account', 'boolean', fixed)] : []),
      ];
    case 'Opportunity':
      return [
        ...systemFields(object).filter(({ name }) => name !== 'MasterRecordId'),
        field('Name', 'Name', 'string', { nillable: false, length: 120 }),
        field('AccountId', 'Account ID', 'reference', { referenceTo: 'Account', relationship: 'Account' }),
        field('StageName', 'Stage', 'picklist', { length: 255, nillable: false, values: stages }),
        field('Amount', 'Amount', 'double', { precision: 18, scale: 2 }),
        field('CloseDate', 'Close Date', 'date', { nillable: false }),
        field('IsClosed', 'Closed', 'boolean', fixed),
        field('IsWon', 'Won', 'boolean', fixed),
      ];
    case 'Task':
      return [
        ...systemFields(object).filter(({ name }) => name !== 'MasterRecordId'),
        field('WhoId', 'Name ID', 'reference', { referenceTo: 'Lead', relationship: 'Who' }),
        field('WhatId', 'Related To ID', 'reference', { referenceTo: 'Account', relationship: 'What' }),
        field('Subject', 'Subject', 'string'),
        field('ActivityDate', 'Due Date Only', 'date'),
        field('Status', 'Status', 'picklist', {
          nillable: false,
          values: taskStatuses.map(({ label }) => label),
        }),
        field('Priority', 'Priority', 'picklist', { nillable: false, values: ['High', 'Normal', 'Low'] }),
        description(object),
        field('IsClosed', 'Closed', 'boolean', fixed),
      ];
  }
}
