import { randomUUID } from 'node:crypto';
import type { TwinClock } from '../kit/clock.ts';
import type { RecordChange } from './changes.ts';
import type { SalesforceValue } from './options.ts';
import type { DataObject } from './schema.ts';

export const GAPS = ['GAP_CREATE', 'GAP_UPDATE', 'GAP_DELETE', 'GAP_UNDELETE', 'GAP_OVERFLOW'] as const;
type ChangeType = RecordChange['type'] | (typeof GAPS)[number];

/** One event on the bus, as every subscriber gets it but for the fields that they may not see. */
export type ChangeEvent = {
  replayId: number;
  at: number;
  object: DataObject;
  header: {
    entityName: string;
    recordIds: string[];
    changeType: ChangeType;
    changedFields: string[];
    changeOrigin: string;
    transactionKey: string;
    sequenceNumber: number;
    commitTimestamp: number;
    commitNumber: number;
    commitUser: string;
  };
  values: Readonly<Record<string, SalesforceValue>>;
};

/** The org's bus of change events. */
export type ChangeEvents = {
  /** Publishes what one transaction changed. */
  publish(changes: readonly RecordChange[], origin: string): void;
  /** Publishes what the platform sends when it can't say what changed. */
  publishGap(object: DataObject, type: (typeof GAPS)[number], recordIds: readonly string[]): void;
  /** Is the object selected for change data capture? */
  isCaptured(object: DataObject): boolean;
  /** Events of the object after that id; null when no event of the last 72 hours has it. */
  after(object: DataObject, replayId: number): ChangeEvent[] | null;
  /** All events of the object that are kept. */
  kept(object: DataObject): ChangeEvent[];
  /** Hears each event as it is published. */
  listen(hear: (event: ChangeEvent) => void): void;
};

// "Change events are stored for three days" (Change Data Capture Developer Guide, "Change Event Storage and Delivery").
const RETENTION_MS = 72 * 3_600_000;
/** Changes of one transaction that get events of their own; the rest make one overflow event per object (same guide). */
export const MOST_CHANGES = 100_000;

/** @param captured the objects that are selected for change data capture */
export function createChangeEvents(
  clock: TwinClock,
  userId: (author: string) => string,
  captured: ReadonlySet<DataObject>,
  mostChanges: () => number,
): ChangeEvents {
  let events: ChangeEvent[] = [];
  const listeners: ((event: ChangeEvent) => void)[] = [];
  // Ids of a bus that was started later are higher: an id from before a restart is none of this one's.
  let lastReplayId = Math.floor(Date.now() / 100) % 1_000_000_000;
  let lastCommit = lastReplayId * 1000;

  const forget = (): void => {
    const oldest = clock.now().getTime() - RETENTION_MS;
    if (events[0] !== undefined && events[0].at < oldest) events = events.filter(({ at }) => at >= oldest);
  };
  const add = (
    object: DataObject,
    header: Omit<ChangeEvent['header'], 'entityName'>,
    values: ChangeEvent['values'],
  ): void => {
    if (!captured.has(object)) return;
    forget();
    // "Not guaranteed to be contiguous" (Streaming API guide, "Message Durability").
    lastReplayId += 1 + (lastReplayId % 3);
    const event = {
      replayId: lastReplayId,
      at: clock.now().getTime(),
      object,
      header: { entityName: object, ...header },
      values,
    };
    events.push(event);
    for (const hear of listeners) hear(event);
  };
  const commit = (by: string, at: number, origin: string) => ({
    changeOrigin: origin,
    transactionKey: randomUUID(),
    commitTimestamp: at,
    commitNumber: (lastCommit += 7),
    commitUser: userId(by),
  });

  return {
    publish: (changes, origin) => {
      const [first] = changes;
      if (first === undefined) return;
      const shared = commit(first.by, Date.parse(first.at), origin);
      const { told, untold } = split(changes, mostChanges());
      let sequenceNumber = 0;
      for (const { change, ids } of mergeSame(told))
        add(
          change.object,
          {
            ...shared,
            recordIds: ids,
            changeType: change.type,
            changedFields:
              change.type === 'UPDATE'
                ? [
                    ...Object.keys(change.values).map((name) => nested(change.object, name)),
                    'LastModifiedDate',
                  ]
                : [],
            sequenceNumber: (sequenceNumber += 1),
          },
          { ...change.values, LastModifiedDate: change.at },
        );
      for (const object of new Set(untold.map((change) => change.object)))
        add(object, { ...shared, ...overflow, sequenceNumber: (sequenceNumber += 1) }, {});
    },
    publishGap: (object, type, recordIds) => {
      const shared = commit('administrator', clock.now().getTime(), '');
      const gap = { recordIds: [...recordIds], changeType: type, changedFields: [] };
      add(object, { ...shared, ...gap, sequenceNumber: 1 }, {});
    },
    isCaptured: (object) => captured.has(object),
    after: (object, replayId) => {
      forget();
      const known = events.some((event) => event.replayId === replayId);
      return known ? events.filter((event) => event.object === object && event.replayId > replayId) : null;
    },
    kept: (object) => {
      forget();
      return events.filter((event) => event.object === object);
    },
    listen: (hear) => {
      listeners.push(hear);
    },
  };
}

const overflow = {
  // "An overflow event doesn't include … the record ID": the sample in the guide shows this one.
  recordIds: ['000000000000000AAA'],
  changeType: 'GAP_OVERFLOW' as const,
  changedFields: [],
};

/** What of a transaction gets events: each field of an update counts, any other change once. */
function split(changes: readonly RecordChange[], most: number) {
  let count = 0;
  const told = changes.filter((change) => {
    count += change.type === 'UPDATE' ? Math.max(1, Object.keys(change.values).length) : 1;
    return count <= most;
  });
  return { told, untold: changes.slice(told.length) };
}

/** "If in one transaction the same change occurred in multiple records … during one second, Salesforce merges": one event for all. */
function mergeSame(changes: readonly RecordChange[]): { change: RecordChange; ids: string[] }[] {
  const merged = new Map<string, { change: RecordChange; ids: string[] }>();
  for (const change of changes) {
    const key = JSON.stringify([change.object, change.type, change.at, change.values]);
    const same = change.type === 'CREATE' ? undefined : merged.get(key);
    if (same === undefined)
      merged.set(change.type === 'CREATE' ? `${key} ${change.id}` : key, { change, ids: [change.id] });
    else same.ids.push(change.id);
  }
  return [...merged.values()];
}

// "In record updates, changedFields lists each updated component field as CompoundField.ComponentField" (same guide).
const compounds: Partial<Record<DataObject, Readonly<Record<string, string>>>> = {
  Account: { BillingCountry: 'BillingAddress.Country' },
  Lead: { FirstName: 'Name.FirstName', LastName: 'Name.LastName', Country: 'Address.Country' },
  Contact: {
    FirstName: 'Name.FirstName',
    LastName: 'Name.LastName',
    MailingCountry: 'MailingAddress.Country',
  },
};

/** A field's name in a change event. */
export function nested(object: DataObject, field: string): string {
  return compounds[object]?.[field] ?? field;
}
