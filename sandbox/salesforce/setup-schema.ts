import { field, fixed } from './schema.ts';
import type { DataObject, Field, ObjectName } from './schema.ts';

const plain = (name: string): Field => field(name, name, 'string', fixed);
const flag = (name: string): Field => field(name, name, 'boolean', fixed);
const reference = (name: string, referenceTo: string): Field =>
  field(name, name, 'reference', { ...fixed, referenceTo, relationship: name.replace(/Id$/, '') });

/** The setup objects that can be asked who may do what. */
export const setupFields: Readonly<Record<Exclude<ObjectName, DataObject>, readonly Field[]>> = {
  User: [
    field('Id', 'User ID', 'id', fixed),
    plain('Name'),
    plain('Username'),
    plain('Email'),
    flag('IsActive'),
  ],
  Organization: [field('Id', 'Organization ID', 'id', fixed), plain('Name'), flag('IsSandbox')],
  PermissionSet: [
    field('Id', 'PermissionSet ID', 'id', fixed),
    plain('Name'),
    plain('Label'),
    flag('IsOwnedByProfile'),
  ],
  PermissionSetAssignment: [
    field('Id', 'PermissionSetAssignment ID', 'id', fixed),
    reference('PermissionSetId', 'PermissionSet'),
    reference('PermissionSetGroupId', 'PermissionSetGroup'),
    reference('AssigneeId', 'User'),
  ],
  PermissionSetGroup: [field('Id', 'PermissionSetGroup ID', 'id', fixed)],
  PermissionSetGroupComponent: [
    field('Id', 'PermissionSetGroupComponent ID', 'id', fixed),
    reference('PermissionSetGroupId', 'PermissionSetGroup'),
    reference('PermissionSetId', 'PermissionSet'),
  ],
  FieldPermissions: [
    field('Id', 'FieldPermissions ID', 'id', fixed),
    reference('ParentId', 'PermissionSet'),
    plain('SobjectType'),
    plain('Field'),
    flag('PermissionsRead'),
    flag('PermissionsEdit'),
  ],
  ProcessInstance: [
    field('Id', 'Process Instance ID', 'id', fixed),
    reference('TargetObjectId', 'Account'),
    plain('Status'),
  ],
  TaskStatus: [
    field('Id', 'Task Status Value ID', 'id', fixed),
    plain('MasterLabel'),
    flag('IsClosed'),
    flag('IsDefault'),
    field('SortOrder', 'Sort Order', 'int', fixed),
  ],
};
