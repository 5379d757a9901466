import { Refusal } from './call.ts';
import type { TwinUser } from './call.ts';
import { makeId } from './ids.ts';
import type { SalesforceValue } from './options.ts';
import type { Org } from './org.ts';
import { taskStatuses } from './picklists.ts';
import { dataObjects } from './schema.ts';
import { setupFields } from './setup-schema.ts';
import type { DataObject, Field } from './schema.ts';

/** Something that can be queried, as one user sees it. */
export type Table = {
  name: string;
  /** Ignores case, as the platform does. */
  field(name: string): Field | undefined;
  fieldThrough(relationship: string): Field | undefined;
  rows(): Item[];
  find(id: string): Item | undefined;
};

export type Item = { id: string; read(field: string): SalesforceValue };

/** The object of that name; INVALID_TYPE when there is none or the user may not see it. */
export function openTable(org: Org, user: TwinUser, name: string): Table {
  const data = dataObjects.find((object) => object.toLowerCase() === name.toLowerCase());
  if (data !== undefined && org.permissions.mayReadObject(user, data)) return dataTable(org, user, data);
  const setup = setupTable(org, user, name.toLowerCase());
  if (setup !== null) return setup;
  throw new Refusal(
    400,
    'INVALID_TYPE',
    `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name.`,
  );
}

function dataTable(org: Org, user: TwinUser, object: DataObject): Table {
  const toItem = (row: ReturnType<Org['rows']>[number]): Item => ({
    id: row.id,
    read: (field) => org.value(row, field),
  });
  return {
    name: object,
    field: (name) => org.visibleField(user, object, name),
    fieldThrough: (relationship) => {
      const wanted = relationship.toLowerCase();
      for (const each of org.fields(object).values())
        if (each.relationship?.toLowerCase() === wanted) return org.visibleField(user, object, each.name);
      return undefined;
    },
    rows: () => org.rows(object).map(toItem),
    find: (id) => {
      const row = org.find(id);
      return row === undefined || row.object !== object ? undefined : toItem(row);
    },
  };
}

type Values = Record<string, SalesforceValue> & { Id: string };

function listTable(name: string, fields: readonly Field[], list: () => Values[]): Table {
  const toItem = (values: Values): Item => ({ id: values.Id, read: (field) => values[field] ?? null });
  const same = (wanted: string) => (text: string | null) => text?.toLowerCase() === wanted.toLowerCase();
  return {
    name,
    field: (wanted) => fields.find((each) => same(wanted)(each.name)),
    fieldThrough: (wanted) => fields.find((each) => same(wanted)(each.relationship)),
    rows: () => list().map(toItem),
    find: (id) =>
      list()
        .map(toItem)
        .find((item) => item.id === id),
  };
}

function setupTable(org: Org, user: TwinUser, name: string): Table | null {
  const { people, permissions } = org;
  switch (name) {
    case 'user':
      return listTable('User', setupFields.User, () =>
        people.list().map(({ id, name: full, username }) => ({
          Id: id,
          Name: full,
          Username: username,
          Email: username,
          IsActive: people.isActive(id),
        })),
      );
    case 'organization':
      return listTable('Organization', setupFields.Organization, () => [
        { Id: org.id, Name: org.name, IsSandbox: true },
      ]);
    case 'processinstance':
      // Approvals that lock a record; what an Apex trigger locks shows nowhere.
      return listTable('ProcessInstance', setupFields.ProcessInstance, () =>
        dataObjects
          .flatMap((object) => org.rows(object))
          .filter((row) => row.locked === 'approval')
          .map((row) => ({
            Id: makeId('ProcessInstance', row.id),
            TargetObjectId: row.id,
            Status: 'Pending',
          })),
      );
    case 'taskstatus':
      return listTable('TaskStatus', setupFields.TaskStatus, () =>
        taskStatuses.map(({ label, closed }, index) => ({
          Id: makeId('TaskStatus', label),
          MasterLabel: label,
          IsClosed: closed,
          IsDefault: index === 0,
          SortOrder: index + 1,
        })),
      );
  }
  if (!permissions.maySeeSetup(user)) return null;
  switch (name) {
    case 'permissionset':
      return listTable('PermissionSet', setupFields.PermissionSet, () =>
        permissions.sets().map((set) => ({
          Id: set.id,
          Name: set.name,
          Label: set.label,
          IsOwnedByProfile: set.ofProfile,
        })),
      );
    case 'permissionsetassignment':
      return listTable('PermissionSetAssignment', setupFields.PermissionSetAssignment, () => {
        const assignments = [
          ...permissions.sets().map((set) => ({ set: set.id, group: null, assignees: set.assignees })),
          ...permissions.groups().map(({ setId, id, assignees }) => ({ set: setId, group: id, assignees })),
        ];
        return assignments.flatMap(({ set, group, assignees }) =>
          [...assignees].map((assignee) => ({
            Id: makeId('PermissionSetAssignment', `${set}:${assignee}`),
            PermissionSetId: set,
            PermissionSetGroupId: group,
            AssigneeId: assignee,
          })),
        );
      });
    case 'permissionsetgroupcomponent':
      return listTable('PermissionSetGroupComponent', setupFields.PermissionSetGroupComponent, () =>
        permissions.groups().flatMap((group) =>
          [...group.sets].map((name) => ({
            Id: makeId('PermissionSetGroupComponent', `${group.id}:${name}`),
            PermissionSetGroupId: group.id,
            PermissionSetId: permissions.find(name)?.id ?? '',
          })),
        ),
      );
    case 'fieldpermissions':
      return listTable('FieldPermissions', setupFields.FieldPermissions, () =>
        permissions.sets().flatMap((set) =>
          [...set.fields.values()].map((right) => ({
            Id: makeId('FieldPermissions', `${set.id}:${right.field}`),
            ParentId: set.id,
            SobjectType: right.field.split('.')[0] ?? '',
            Field: right.field,
            PermissionsRead: right.readable,
            PermissionsEdit: right.editable,
          })),
        ),
      );
  }
  return null;
}
