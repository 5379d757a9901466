import { openJournal } from '../kit/journal.ts';
import type { World } from '../kit/world-types.ts';
import { parseEvent } from './events.ts';
import type { TwinEvent } from './events.ts';
import { createLinks } from './links.ts';
import type { Links } from './links.ts';
import { createShelf, stamp, writeValues } from './records.ts';
import type { RecordShelf, TwinRecord } from './records.ts';
import { objectTypes, standardGroups, standardProperties } from './schema.ts';
import type { ObjectType, PropertyDefinition, PropertyGroup } from './schema.ts';
import { IMPORTED_AT, seedIndustries, seedRecords } from './seed.ts';

/** Everything that a portal holds. Changes go through `commit` alone, which journals them. */
export type TwinState = {
  /** Names of the people who changed anything. */
  people: ReadonlySet<string>;
  shelf(type: ObjectType): RecordShelf;
  properties(type: ObjectType): Map<string, PropertyDefinition>;
  groups(type: ObjectType): Map<string, PropertyGroup>;
  links: Links;
  /** A record by its id or by the id of one that was merged into it; archived ones only if asked. */
  find(type: ObjectType, id: string, archived?: boolean): TwinRecord | undefined;
  /** Where a merged id points now. */
  mergedInto(type: ObjectType): ReadonlyMap<string, string>;
  nextId(): string;
  commit(events: readonly TwinEvent[]): void;
};

export type StateOptions = {
  world: World;
  journalFile: string | null;
  /** Called before each change with the record as it was (null: new), for the search index that lags behind. */
  beforeChange(type: ObjectType, id: string, record: TwinRecord | null, at: number): void;
};

// The world's ids have twelve digits: new ones are larger, as in a real portal.
const FIRST_NEW_ID = 1_000_000_000_001;

export function openState(options: StateOptions): TwinState {
  const perType = <T>(make: (type: ObjectType) => T): Map<ObjectType, T> =>
    new Map(objectTypes.map((type) => [type, make(type)]));
  const shelves = perType(() => createShelf());
  const definitions = perType(
    (type) => new Map(standardProperties(type).map((property) => [property.name, property])),
  );
  const groups = perType(() => new Map(standardGroups().map((group) => [group.name, group])));
  const merged = perType(() => new Map<string, string>());
  const links = createLinks();
  let nextId = FIRST_NEW_ID;

  const of = <T>(map: Map<ObjectType, T>, type: ObjectType): T => {
    const value = map.get(type);
    if (value === undefined) throw new Error(`no ${type} in the HubSpot twin`);
    return value;
  };
  const shelf = (type: ObjectType): RecordShelf => of(shelves, type);

  function find(type: ObjectType, id: string, archived = false): TwinRecord | undefined {
    let current = id;
    for (let next = of(merged, type).get(current); next !== undefined; next = of(merged, type).get(current))
      current = next;
    const record = shelf(type).get(current);
    return record !== undefined && (record.archivedAt !== null) === archived ? record : undefined;
  }

  const people = new Set<string>();

  function change(
    event: { type: ObjectType; id: string; at: number },
    act: (record: TwinRecord) => void,
  ): void {
    const record = shelf(event.type).get(event.id);
    if (record === undefined) throw new Error(`no ${event.type} ${event.id} in the HubSpot twin`);
    options.beforeChange(event.type, event.id, record, event.at);
    act(record);
    shelf(event.type).touch();
  }

  function create(type: ObjectType, id: string, at: number): TwinRecord {
    options.beforeChange(type, id, null, at);
    const when = new Date(at).toISOString();
    const properties = { hs_object_id: id, createdate: when, hs_createdate: when };
    const record: TwinRecord = {
      type,
      id,
      properties,
      createdAt: at,
      updatedAt: at,
      archivedAt: null,
      history: new Map(),
      writes: 0,
      unchanged: 0,
    };
    nextId = Math.max(nextId, Number(id) + 1);
    shelf(type).add(record);
    return record;
  }

  function merge(event: Extract<TwinEvent, { kind: 'merge' }>): void {
    const { type, id, primary, other, at, by } = event;
    const [kept, away] = [shelf(type).get(primary), shelf(type).get(other)];
    if (kept === undefined || away === undefined) throw new Error(`nothing to merge in ${type}`);
    options.beforeChange(type, primary, kept, at);
    options.beforeChange(type, other, away, at);
    const record = create(type, id, at);
    // The primary's latest values win, an emptied one too; what it never had comes from the other (changelog "Updated merge
    // functionality").
    record.history = new Map(
      [...away.history, ...kept.history].map(([name, entries]) => [name, [...entries]]),
    );
    record.properties = { ...away.properties, ...kept.properties, ...record.properties };
    for (const [name, entries] of kept.history)
      if (entries.at(-1)?.value === '') delete record.properties[name];
    const gone = [away, kept].flatMap((each) => [
      ...(each.properties.hs_merged_object_ids?.split(';') ?? []),
      each.id,
    ]);
    delete record.properties.hs_merged_object_ids;
    writeValues(record, { hs_merged_object_ids: gone.join(';') }, at, { ...by, sourceType: 'MERGE_OBJECTS' });
    for (const each of [kept, away]) {
      shelf(type).remove(each.id);
      of(merged, type).set(each.id, id);
      links.move({ type, id: each.id }, { type, id });
    }
    if (type === 'companies')
      for (const contact of links.list({ type, id }, 'contacts')) adopt(contact, id, event);
  }

  /** A contact's primary company is a property of the contact too. */
  function adopt(contact: string, company: string, { at, by }: TwinEvent): void {
    const record = shelf('contacts').get(contact);
    if (record === undefined) return;
    options.beforeChange('contacts', contact, record, at);
    writeValues(record, { associatedcompanyid: company }, at, by);
    shelf('contacts').touch();
  }

  function apply(event: TwinEvent): void {
    if ('by' in event && event.by.userId !== null) people.add(event.by.name);
    switch (event.kind) {
      case 'create':
        writeValues(create(event.type, event.id, event.at), event.properties, event.at, event.by);
        return;
      case 'update':
        return change(event, (record) => {
          writeValues(record, event.properties, event.at, event.by);
          record.writes += 1;
        });
      case 'archive':
      case 'restore':
        return change(event, (record) => {
          record.archivedAt = event.kind === 'archive' ? event.at : null;
          stamp(record, event.at);
        });
      case 'merge':
        return merge(event);
      case 'associate': {
        links.add(event.from, event.to);
        const ends = [event.from, event.to];
        // An activity moves properties of the record that it stands on (its last activity), and so the time of its last change.
        if (event.from.type === 'notes')
          change({ ...event, ...event.to }, (record) => stamp(record, event.at));
        const contact = ends.find((end) => end.type === 'contacts');
        const company = ends.find((end) => end.type === 'companies');
        if (contact === undefined || company === undefined) return;
        if (shelf('contacts').get(contact.id)?.properties.associatedcompanyid === undefined)
          adopt(contact.id, company.id, event);
        return;
      }
      case 'property':
        of(definitions, event.type).set(event.definition.name, event.definition);
        return;
      case 'drop-property':
        of(definitions, event.type).delete(event.name);
        return;
      case 'group':
        of(groups, event.type).set(event.group.name, event.group);
    }
  }

  for (const seed of seedRecords(options.world)) {
    const record: TwinRecord = {
      ...seed,
      createdAt: IMPORTED_AT,
      updatedAt: IMPORTED_AT,
      archivedAt: null,
      history: new Map(),
      writes: 0,
      unchanged: 0,
    };
    shelf(seed.type).add(record);
    if (seed.companyId !== null)
      links.add({ type: 'contacts', id: seed.id }, { type: 'companies', id: seed.companyId });
  }
  const industry = of(definitions, 'companies').get('industry');
  if (industry !== undefined) industry.options = seedIndustries(options.world);
  const journal = openJournal(options.journalFile, parseEvent);
  journal.replay(apply);

  return {
    people,
    shelf,
    properties: (type) => of(definitions, type),
    groups: (type) => of(groups, type),
    links,
    find,
    mergedInto: (type) => of(merged, type),
    nextId: () => String(nextId),
    commit: (events) => {
      journal.append(events);
      events.forEach(apply);
    },
  };
}
