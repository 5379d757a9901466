import type { TwinUser } from './call.ts';
import { makeId } from './ids.ts';
import type { People } from './people.ts';
import type { DataObject, Field } from './schema.ts';

type FieldRight = { field: string; readable: boolean; editable: boolean };
type PermissionSet = {
  id: string;
  name: string;
  label: string;
  /** Every user has the set of their profile. */
  ofProfile: boolean;
  fields: Map<string, FieldRight>;
  userPermissions: ReadonlySet<string>;
  assignees: Set<string>;
};

type PermissionSetGroup = {
  id: string;
  /** The set that stands for all of the group's in its assignments. */
  setId: string;
  sets: ReadonlySet<string>;
  assignees: ReadonlySet<string>;
};

export type Permissions = {
  sets(): PermissionSet[];
  groups(): PermissionSetGroup[];
  /** Makes a group of sets, by their names, and gives it to users; one of that name is replaced. */
  group(name: string, sets: readonly string[], userIds: readonly string[]): void;
  find(name: string): PermissionSet | undefined;
  save(name: string, label: string, fields: readonly FieldRight[], userPermissions?: readonly string[]): void;
  assign(set: string, userId: string): void;
  /** Takes rights from the integration user: `read Lead`, `edit Account`, `read Account.Website`, `view setup`, `use bulk`, `view all Account`. */
  revoke(rights: readonly string[]): void;
  maySeeSetup(user: TwinUser): boolean;
  mayUseBulk(user: TwinUser): boolean;
  mayReadObject(user: TwinUser, object: DataObject): boolean;
  mayViewAll(user: TwinUser, object: DataObject): boolean;
  mayEditObject(user: TwinUser, object: DataObject): boolean;
  mayRead(user: TwinUser, object: DataObject, field: Field): boolean;
  mayEdit(user: TwinUser, object: DataObject, field: Field): boolean;
};

/** Who may do what: custom fields only as permission sets say, standard ones unless revoked. */
export function createPermissions(people: People): Permissions {
  const sets = new Map<string, PermissionSet>();
  const groups = new Map<string, PermissionSetGroup>();
  let revoked = new Set<string>();
  const save = (
    name: string,
    label: string,
    fields: readonly FieldRight[],
    { ofProfile = false, userPermissions = [] as readonly string[] } = {},
  ): PermissionSet => {
    const set = sets.get(name) ?? {
      id: makeId('PermissionSet', name),
      name,
      label,
      ofProfile,
      fields: new Map<string, FieldRight>(),
      userPermissions: new Set<string>(),
      assignees: new Set<string>(),
    };
    set.label = label;
    set.userPermissions = new Set(userPermissions);
    for (const right of fields) set.fields.set(right.field, right);
    sets.set(name, set);
    return set;
  };
  const profiles = {
    integration: save('ProfileIntegration', 'API Only Integration', [], { ofProfile: true }),
    administrator: save('ProfileAdministrator', 'System Administrator', [], { ofProfile: true }),
    person: save('ProfileSales', 'Sales User', [], { ofProfile: true }),
  };
  const setsOf = (user: TwinUser): PermissionSet[] =>
    [...sets.values()].filter(
      (set) =>
        set === profiles[user.role] ||
        set.assignees.has(user.id) ||
        [...groups.values()].some((group) => group.sets.has(set.name) && group.assignees.has(user.id)),
    );
  const holds = (user: TwinUser, right: string): boolean =>
    user.role !== 'integration' || !revoked.has(right);
  const granted = (user: TwinUser, path: string, right: 'readable' | 'editable'): boolean =>
    setsOf(user).some((set) => set.fields.get(path)?.[right] === true);
  const mayReadObject = (user: TwinUser, object: DataObject): boolean => holds(user, `read ${object}`);
  // Tasks know no rights of their own: "Edit Tasks" is create, edit and delete (permission sets, "General User Permissions").
  const mayEditTasks = (user: TwinUser): boolean =>
    user.role !== 'integration' || setsOf(user).some((set) => set.userPermissions.has('EditTask'));
  const mayEditObject = (user: TwinUser, object: DataObject): boolean =>
    mayReadObject(user, object) && holds(user, `edit ${object}`) && (object !== 'Task' || mayEditTasks(user));
  return {
    sets: () => {
      for (const user of people.list()) profiles[user.role].assignees.add(user.id);
      return [...sets.values()];
    },
    groups: () => [...groups.values()],
    group: (name, names, userIds) => {
      const setId = makeId('PermissionSet', `group:${name}`);
      const id = makeId('PermissionSetGroup', name);
      groups.set(name, { id, setId, sets: new Set(names), assignees: new Set(userIds) });
    },
    find: (name) => sets.get(name),
    save: (name, label, fields, userPermissions = []) => {
      save(name, label, fields, { userPermissions });
    },
    assign: (name, userId) => {
      sets.get(name)?.assignees.add(userId);
    },
    revoke: (rights) => {
      revoked = new Set(rights);
    },
    maySeeSetup: (user) => holds(user, 'view setup'),
    mayUseBulk: (user) => holds(user, 'use bulk'),
    mayReadObject,
    mayViewAll: (user, object) => mayReadObject(user, object) && holds(user, `view all ${object}`),
    mayEditObject,
    mayRead: (user, object, field) => {
      const path = `${object}.${field.name}`;
      return field.custom ? granted(user, path, 'readable') : holds(user, `read ${path}`);
    },
    mayEdit: (user, object, field) => {
      const path = `${object}.${field.name}`;
      if (!field.updateable || !mayEditObject(user, object)) return false;
      return field.custom
        ? granted(user, path, 'editable')
        : holds(user, `read ${path}`) && holds(user, `edit ${path}`);
    },
  };
}
