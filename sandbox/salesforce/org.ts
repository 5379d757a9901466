import type { TwinClock } from '../kit/clock.ts';
import { openJournal } from '../kit/journal.ts';
import type { World } from '../kit/world.ts';
import { baseRows } from './base.ts';
import type { TwinUser } from './call.ts';
import { readChanges } from './changes.ts';
import type { RecordChange } from './changes.ts';
import { OrgEvent } from './events.ts';
import type { DuplicateRule, LeadMapping, ValidationRule } from './events.ts';
import { makeId } from './ids.ts';
import { createPeople } from './people.ts';
import type { People } from './people.ts';
import { createPermissions } from './permissions.ts';
import type { Permissions } from './permissions.ts';
import { changeRow, createRow, readValue, touchRow } from './rows.ts';
import type { Row } from './rows.ts';
import type { SalesforceValue } from './options.ts';
import { dataObjects, field, standardFields } from './schema.ts';
import type { DataObject, Field } from './schema.ts';

/** The org's whole state. It changes only through `record`, which also keeps the journal. */
export type Org = {
  id: string;
  name: string;
  people: People;
  permissions: Permissions;
  /** This instant by the twin's clock, whole seconds: the platform's stamps have no milliseconds. */
  now(): string;
  /** Applies events and writes them to the journal in one go. */
  record(events: readonly OrgEvent[]): void;
  /** Runs `work`; what it records counts as done through that API, as change events name it. */
  within<T>(origin: string, work: () => T): T;
  /** Hears what each `record` changed, and through which API. */
  onChanges(hear: (changes: readonly RecordChange[], origin: string) => void): void;
  find(id: string): Row | undefined;
  rows(object: DataObject): Row[];
  /** All fields of an object by lower-case name: the platform's names ignore case. */
  fields(object: DataObject): ReadonlyMap<string, Field>;
  value(row: Row, field: string): SalesforceValue;
  /** Where Fieldnote's package calls, and what it signs with; as the package comes until an administrator says. */
  button(): { address: string; key: string };
  /** Which custom fields a conversion copies; none until an administrator says. */
  leadMapping(): readonly LeadMapping[];
  /** What administrators ask of an object's rows on each save, by whomever. */
  rules(object: DataObject): readonly ValidationRule[];
  /** What is done about a row that looks like another one. */
  duplicateRules(object: DataObject): readonly DuplicateRule[];
  /** The field, if the user may see it. */
  visibleField(user: TwinUser, object: DataObject, name: string): Field | undefined;
};

/** The world's records with the journal's events on top. */
export function openOrg(
  world: World,
  clock: TwinClock,
  options: { journalFile: string | null; personAccounts: boolean; organization: string },
): Org {
  const people = createPeople();
  const permissions = createPermissions(people);
  const byId = new Map<string, Row>();
  const byObject: Record<DataObject, Row[]> = {
    Account: [],
    Lead: [],
    Contact: [],
    Opportunity: [],
    Task: [],
  };
  const fields = new Map(
    dataObjects.map((object) => {
      const standard = standardFields(object, options.personAccounts);
      return [object, new Map(standard.map((each) => [each.name.toLowerCase(), each]))];
    }),
  );
  let rules: readonly ValidationRule[] = [];
  let duplicates: readonly DuplicateRule[] = [];
  let mapping: readonly LeadMapping[] = [];
  let button = { address: 'https://fieldnote.invalid', key: '' };
  const add = (row: Row): void => {
    byId.set(row.id, row);
    byObject[row.object].push(row);
  };
  const owner = (name: string | null): string =>
    name === null ? people.administrator.id : people.idOf(`rep:${name}`);
  for (const row of baseRows(world, owner)) add(row);

  const must = (id: string): Row => {
    const row = byId.get(id);
    if (row === undefined) throw new Error(`the journal names ${id}, which this world does not have`);
    return row;
  };
  const fieldsOf = (object: DataObject): Map<string, Field> => fields.get(object) ?? new Map<string, Field>();

  const apply = (event: OrgEvent): void => {
    switch (event.type) {
      case 'update': {
        const row = must(event.id);
        changeRow(row, event.at, event.by, event.values);
        row.updates[event.by] = (row.updates[event.by] ?? 0) + 1;
        people.byAuthor(event.by);
        return;
      }
      case 'create':
        people.byAuthor(event.by);
        return add(createRow(event.object, event.id, event.at, event.by, event.values));
      case 'delete':
      case 'undelete': {
        const row = must(event.id);
        row.deleted = event.type === 'delete';
        return touchRow(row, event.at, event.by);
      }
      case 'merge': {
        const loser = must(event.loser);
        loser.deleted = true;
        loser.mergedInto = event.winner;
        touchRow(loser, event.at, event.by);
        touchRow(must(event.winner), event.at, event.by);
        for (const child of [...byObject.Contact, ...byObject.Opportunity])
          if (child.values.AccountId === event.loser)
            changeRow(child, event.at, event.by, { AccountId: event.winner });
        return;
      }
      case 'convert':
        return changeRow(must(event.id), event.at, event.by, {
          IsConverted: true,
          ConvertedAccountId: event.accountId,
          ConvertedContactId: event.contactId,
          ConvertedDate: event.at.slice(0, 10),
          Status: 'Closed - Converted',
        });
      case 'lead mapping':
        mapping = event.map;
        return;
      case 'lock':
        must(event.id).locked = event.locked;
        return;
      case 'field': {
        const { name, label, type, ...rest } = event.field;
        const made = field(name, label, type, { ...rest, custom: true });
        fieldsOf(event.object).set(name.toLowerCase(), made);
        return;
      }
      case 'permission set':
        return permissions.save(event.name, event.label, event.fields, event.userPermissions);
      case 'permission set group':
        return permissions.group(event.name, event.sets, event.users);
      case 'assign':
        return permissions.assign(event.set, event.user);
      case 'rights':
        return permissions.revoke(event.revoked);
      case 'deactivate':
        return people.deactivate(event.user);
      case 'rule':
        rules = [...rules, event.rule];
        return;
      case 'duplicate rules':
        duplicates = event.rules;
        return;
      case 'button':
        button = { address: event.address, key: event.key };
        return;
      case 'drop rule':
        rules = rules.filter(({ object, name }) => object !== event.object || name !== event.name);
    }
  };

  // What people do on the platform's own screens.
  let origin = 'com/salesforce/api/soap/68.0;client=SfdcInternalAPI/';
  const listeners: ((changes: readonly RecordChange[], origin: string) => void)[] = [];
  const journal = openJournal(options.journalFile, (line) => OrgEvent.parse(line));
  journal.replay(apply);

  return {
    id: makeId('Organization', options.organization),
    name: `Sandbox of ${world.name}`,
    people,
    permissions,
    now: () => `${clock.now().toISOString().slice(0, 19)}.000Z`,
    record: (events) => {
      const changes: RecordChange[] = [];
      for (const event of events) {
        changes.push(
          ...readChanges(
            event,
            (id) => byId.get(id),
            () => byObject.Contact,
          ),
        );
        apply(event);
      }
      journal.append(events);
      for (const hear of listeners) hear(changes, origin);
    },
    within: (api, work) => {
      const before = origin;
      origin = api;
      try {
        return work();
      } finally {
        origin = before;
      }
    },
    onChanges: (hear) => {
      listeners.push(hear);
    },
    find: (id) => byId.get(id),
    rows: (object) => byObject[object],
    fields: fieldsOf,
    button: () => button,
    leadMapping: () => mapping,
    rules: (object) => rules.filter((rule) => rule.object === object),
    duplicateRules: (object) => duplicates.filter((rule) => rule.object === object),
    value: (row, name) => readValue(row, name, (author) => people.idOf(author)),
    visibleField: (user, object, name) => {
      const found = fieldsOf(object).get(name.toLowerCase());
      return found !== undefined && permissions.mayRead(user, object, found) ? found : undefined;
    },
  };
}
