import { PublicFetchAssociationsBatchRequest } from '@hubspot/api-client/lib/codegen/crm/associations/v4/models/PublicFetchAssociationsBatchRequest.js';
import { BatchInputPublicFetchAssociationsBatchRequest } from '@hubspot/api-client/lib/codegen/crm/associations/v4/models/BatchInputPublicFetchAssociationsBatchRequest.js';
import {
  AssociationSpec,
  AssociationSpecAssociationCategoryEnum,
} from '@hubspot/api-client/lib/codegen/crm/objects/models/AssociationSpec.js';
import { BatchInputSimplePublicObjectBatchInputForCreate } from '@hubspot/api-client/lib/codegen/crm/objects/models/BatchInputSimplePublicObjectBatchInputForCreate.js';
import { BatchInputSimplePublicObjectId } from '@hubspot/api-client/lib/codegen/crm/objects/models/BatchInputSimplePublicObjectId.js';
import { PublicAssociationsForObject } from '@hubspot/api-client/lib/codegen/crm/objects/models/PublicAssociationsForObject.js';
import { PublicObjectId } from '@hubspot/api-client/lib/codegen/crm/objects/models/PublicObjectId.js';
import { SimplePublicObjectBatchInputForCreate } from '@hubspot/api-client/lib/codegen/crm/objects/models/SimplePublicObjectBatchInputForCreate.js';
import { BatchInputSimplePublicObjectBatchInput } from '@hubspot/api-client/lib/codegen/crm/objects/models/BatchInputSimplePublicObjectBatchInput.js';
import { BatchReadInputSimplePublicObjectId } from '@hubspot/api-client/lib/codegen/crm/objects/models/BatchReadInputSimplePublicObjectId.js';
import { Filter } from '@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js';
import { FilterGroup } from '@hubspot/api-client/lib/codegen/crm/objects/models/FilterGroup.js';
import { FilterOperatorEnum } from '@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js';
import { PublicObjectSearchRequest } from '@hubspot/api-client/lib/codegen/crm/objects/models/PublicObjectSearchRequest.js';
import { SimplePublicObjectBatchInput } from '@hubspot/api-client/lib/codegen/crm/objects/models/SimplePublicObjectBatchInput.js';
import { SimplePublicObjectId } from '@hubspot/api-client/lib/codegen/crm/objects/models/SimplePublicObjectId.js';
import { BatchInputPropertyCreate } from '@hubspot/api-client/lib/codegen/crm/properties/models/BatchInputPropertyCreate.js';
import { OptionInput } from '@hubspot/api-client/lib/codegen/crm/properties/models/OptionInput.js';
import {
  PropertyCreate,
  PropertyCreateFieldTypeEnum,
  PropertyCreateTypeEnum,
} from '@hubspot/api-client/lib/codegen/crm/properties/models/PropertyCreate.js';
import { PropertyGroupCreate } from '@hubspot/api-client/lib/codegen/crm/properties/models/PropertyGroupCreate.js';

type Attribute = { baseName: string; type: string };
type Model = { getAttributeTypeMap(): readonly Attribute[] };

/** The library's own models of what requests carry, by the names that it gives them. */
const MODELS: Readonly<Record<string, Model>> = {
  BatchInputSimplePublicObjectBatchInput,
  BatchReadInputSimplePublicObjectId,
  Filter,
  FilterGroup,
  PublicObjectSearchRequest,
  SimplePublicObjectBatchInput,
  SimplePublicObjectId,
  BatchInputPropertyCreate,
  OptionInput,
  PropertyCreate,
  PropertyGroupCreate,
  PublicFetchAssociationsBatchRequest,
  BatchInputPublicFetchAssociationsBatchRequest,
  AssociationSpec,
  BatchInputSimplePublicObjectBatchInputForCreate,
  BatchInputSimplePublicObjectId,
  PublicAssociationsForObject,
  PublicObjectId,
  SimplePublicObjectBatchInputForCreate,
};
const ENUMS: Readonly<Record<string, object>> = {
  AssociationSpecAssociationCategoryEnum,
  FilterOperatorEnum,
  PropertyCreateFieldTypeEnum,
  PropertyCreateTypeEnum,
};

/**
 * What of a value the library's types have no room for: an attribute that they do not know, a value of another type.
 * @param type a model's name, or a type as `attributeTypeMap` writes it: `Array<Filter>`, `{ [key: string]: string; }`
 * @returns the first fault, with where it is; null: it fits
 */
export function findModelFault(type: string, value: unknown, where = 'body'): string | null {
  const item = /^(?:Array|Set)<(.+)>$/.exec(type)?.[1];
  if (item !== undefined)
    return Array.isArray(value)
      ? firstOf(value.map((each, index) => findModelFault(item, each, `${where}[${index}]`)))
      : `${where} is no list`;
  const entry = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (entry !== undefined)
    return isRecord(value)
      ? firstOf(Object.entries(value).map(([key, each]) => findModelFault(entry, each, `${where}.${key}`)))
      : `${where} is no object`;
  if (type === 'string' || type === 'number' || type === 'boolean')
    return typeof value === type ? null : `${where} is ${typeof value}, must be ${type}`;
  const choices = ENUMS[type];
  if (choices !== undefined)
    return Object.values(choices).includes(value) ? null : `${where} is none of ${type}`;
  const model = MODELS[type];
  if (model === undefined) throw new Error(`the twin does not know the library's type ${type}`);
  if (!isRecord(value)) return `${where} is no ${type}`;
  const attributes = new Map(model.getAttributeTypeMap().map(({ baseName, type: of }) => [baseName, of]));
  return firstOf(
    Object.entries(value).map(([name, each]) => {
      const of = attributes.get(name);
      return of === undefined
        ? `${where}.${name} is no attribute of ${type}`
        : findModelFault(of, each, `${where}.${name}`);
    }),
  );
}

function firstOf(faults: readonly (string | null)[]): string | null {
  return faults.find((fault) => fault !== null) ?? null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
