import type { Answer, Call } from './call.ts';
import type { Org } from './org.ts';
import { openObject } from './row.ts';
import { dataObjects, keyPrefixes } from './schema.ts';
import type { DataObject, Field, FieldType } from './schema.ts';

const soapTypes: Readonly<Record<FieldType, string>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  string: 'xsd:string',
  textarea: 'xsd:string',
  picklist: 'xsd:string',
  url: 'xsd:string',
  email: 'xsd:string',
  phone: 'xsd:string',
  double: 'xsd:double',
  int: 'xsd:int',
  boolean: 'xsd:boolean',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
};

// What every field says the same way in the orgs that we know.
const constant = {
  aiPredictionField: false,
  autoNumber: false,
  calculated: false,
  calculatedFormula: null,
  cascadeDelete: false,
  caseSensitive: false,
  compoundFieldName: null,
  controllerName: null,
  defaultValueFormula: null,
  dependentPicklist: false,
  deprecatedAndHidden: false,
  displayLocationInDecimal: false,
  encrypted: false,
  externalId: false,
  filteredLookupInfo: null,
  formulaTreatNullNumberAsZero: false,
  highScaleNumber: false,
  inlineHelpText: null,
  mask: null,
  maskType: null,
  namePointing: false,
  polymorphicForeignKey: false,
  queryByDistance: false,
  referenceTargetField: null,
  relationshipOrder: null,
  restrictedDelete: false,
  searchPrefilterable: false,
  unique: false,
  writeRequiresMasterRead: false,
};

/** One field as describe tells of it; `updateable` is what the asking user may do. */
function describeField(field: Field, updateable: boolean): Record<string, unknown> {
  const { name, label, type, length, custom, nillable } = field;
  const listable = !field.long;
  return {
    ...constant,
    aggregatable: listable && type !== 'boolean',
    // Three bytes a character, but for ids.
    byteLength: type === 'id' || type === 'reference' ? length : length * 3,
    createable: updateable && field.createable,
    custom,
    defaultValue: type === 'boolean' ? false : null,
    defaultedOnCreate: type === 'boolean' || name === 'Id' || name === 'OwnerId',
    digits: type === 'int' ? 8 : 0,
    extraTypeInfo: type === 'textarea' ? (field.rich ? 'richtextarea' : 'plaintextarea') : null,
    htmlFormatted: field.rich,
    filterable: listable,
    groupable: listable && type !== 'double' && type !== 'datetime',
    idLookup: type === 'id',
    label,
    length,
    name,
    nameField: name === 'Name',
    nillable,
    permissionable: field.permissionable,
    picklistValues: field.values.map((value) => ({
      active: true,
      defaultValue: false,
      label: value,
      validFor: null,
      value,
    })),
    precision: field.precision,
    referenceTo: field.referenceTo === null ? [] : [field.referenceTo],
    relationshipName: field.relationship,
    restrictedPicklist: field.restricted,
    scale: field.scale,
    soapType: soapTypes[type],
    sortable: listable,
    type,
    updateable,
  };
}

function summarize(org: Org, call: Call, object: DataObject): Record<string, unknown> {
  const editable = org.permissions.mayEditObject(call.user, object);
  const base = `/services/data/${call.version}/sobjects/${object}`;
  return {
    activateable: false,
    associateEntityType: null,
    associateParentEntity: null,
    createable: editable,
    custom: false,
    customSetting: false,
    deepCloneable: false,
    deletable: editable,
    deprecatedAndHidden: false,
    feedEnabled: true,
    hasSubtypes: false,
    isInterface: false,
    isSubtype: false,
    keyPrefix: keyPrefixes[object],
    label: object,
    labelPlural: `${object}s`,
    layoutable: true,
    mergeable: true,
    mruEnabled: true,
    name: object,
    queryable: true,
    replicateable: true,
    retrieveable: true,
    searchable: true,
    triggerable: true,
    undeletable: true,
    updateable: editable,
    urls: { sobject: base, describe: `${base}/describe`, rowTemplate: `${base}/{ID}` },
  };
}

/** GET /sobjects/OBJECT/describe: only the fields that the user may see. */
export function describeObject(org: Org, call: Call, name: string): Answer {
  const object = openObject(org, call, name);
  const fields = [...org.fields(object).values()]
    .filter((field) => org.permissions.mayRead(call.user, object, field))
    .map((field) => describeField(field, org.permissions.mayEdit(call.user, object, field)));
  const json = {
    ...summarize(org, call, object),
    actionOverrides: [],
    childRelationships: [],
    compactLayoutable: true,
    defaultImplementation: null,
    extendedBy: null,
    extendsInterfaces: null,
    fields,
    implementedBy: null,
    implementsInterfaces: null,
    listviewable: null,
    lookupLayoutable: null,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    recordTypeInfos: [],
    searchLayoutable: true,
    sobjectDescribeOption: 'FULL',
    supportedScopes: [{ label: 'All', name: 'everything' }],
  };
  return { status: 200, json, operation: 'describe' };
}

/** GET /sobjects: the objects that the user may see. */
export function describeGlobal(org: Org, call: Call): Answer {
  const sobjects = dataObjects
    .filter((object) => org.permissions.mayReadObject(call.user, object))
    .map((object) => summarize(org, call, object));
  return {
    status: 200,
    json: { encoding: 'UTF-8', maxBatchSize: 200, sobjects },
    operation: 'describe global',
  };
}
