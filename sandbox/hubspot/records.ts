import type { Author } from './events.ts';
import type { ObjectType } from './schema.ts';
import { modifiedProperty } from './schema.ts';

export type HistoryEntry = { value: string; at: number; by: Author };

export type TwinRecord = {
  type: ObjectType;
  id: string;
  /** What is empty is absent. */
  properties: Record<string, string>;
  createdAt: number;
  updatedAt: number;
  archivedAt: number | null;
  /** Changes since the import, oldest first; what came with the import is the first entry of a changed property. */
  history: Map<string, HistoryEntry[]>;
  /** Updates that were accepted, also those that changed nothing. */
  writes: number;
  /** Values in accepted updates that the record held already. */
  unchanged: number;
};

const importer: Author = { sourceType: 'IMPORT', sourceId: 'world', userId: null, name: 'import' };

/** Records of one object, in the order of their ids, with what a search saw of them a moment ago. */
export type RecordShelf = {
  get(id: string): TwinRecord | undefined;
  add(record: TwinRecord): void;
  remove(id: string): void;
  /** Ascending by number; do not change. */
  inOrder(): readonly TwinRecord[];
  /** Moves with every change, so that what was computed from the shelf can be kept until then. */
  revision(): number;
  touch(): void;
};

export function createShelf(): RecordShelf {
  const byId = new Map<string, TwinRecord>();
  let sorted: TwinRecord[] | null = null;
  let revision = 0;
  return {
    get: (id) => byId.get(id),
    add: (record) => {
      byId.set(record.id, record);
      sorted = null;
      revision += 1;
    },
    remove: (id) => {
      byId.delete(id);
      sorted = null;
      revision += 1;
    },
    inOrder: () => (sorted ??= [...byId.values()].toSorted((a, b) => Number(a.id) - Number(b.id))),
    revision: () => revision,
    touch: () => {
      revision += 1;
    },
  };
}

/** Writes values into a record and its history; one that is already there leaves no entry. */
export function writeValues(
  record: TwinRecord,
  values: Readonly<Record<string, string>>,
  at: number,
  by: Author,
): void {
  for (const [name, value] of Object.entries(values)) {
    const before = record.properties[name] ?? '';
    if (before === value) {
      record.unchanged += 1;
      continue;
    }
    let entries = record.history.get(name);
    if (entries === undefined) {
      entries = before === '' ? [] : [{ value: before, at: record.createdAt, by: importer }];
      record.history.set(name, entries);
    }
    entries.push({ value, at, by });
    if (value === '') delete record.properties[name];
    else record.properties[name] = value;
  }
  stamp(record, at);
}

/** A record changed at `at`. */
export function stamp(record: TwinRecord, at: number): void {
  record.updatedAt = at;
  record.properties[modifiedProperty(record.type)] = new Date(at).toISOString();
}

/** A property's history as HubSpot lists it: newest first. */
export function listHistory(record: TwinRecord, name: string): readonly HistoryEntry[] {
  const entries = record.history.get(name);
  if (entries !== undefined) return entries.toReversed();
  const value = record.properties[name];
  return value === undefined ? [] : [{ value, at: record.createdAt, by: importer }];
}
