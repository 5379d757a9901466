import type { OrgEvent } from './events.ts';
import type { SalesforceValue } from './options.ts';
import { readValue } from './rows.ts';
import type { Row } from './rows.ts';
import type { DataObject } from './schema.ts';

/** What an event of the org means for one record, as change data capture tells it. */
export type RecordChange = {
  object: DataObject;
  id: string;
  type: 'CREATE' | 'UPDATE' | 'DELETE' | 'UNDELETE';
  by: string;
  at: string;
  /** The fields that changed and their new values; everything that is filled in for a new or restored record. */
  values: Readonly<Record<string, SalesforceValue>>;
};

/**
 * Reads off an event, before it is applied, which records it changes and how.
 * @param find a record by its id
 * @param contacts records that move with a merge
 */
export function readChanges(
  event: OrgEvent,
  find: (id: string) => Row | undefined,
  contacts: () => readonly Row[],
): RecordChange[] {
  const of = (id: string): Row => {
    const row = find(id);
    if (row === undefined) throw new Error(`there is no record ${id}`);
    return row;
  };
  switch (event.type) {
    case 'create':
      return [{ ...about(event), object: event.object, id: event.id, type: 'CREATE', values: event.values }];
    case 'update':
      return [update(event, of(event.id), event.values)];
    case 'delete':
    case 'undelete': {
      const { object, id, values } = of(event.id);
      return [
        event.type === 'delete'
          ? { ...about(event), object, id, type: 'DELETE', values: {} }
          : { ...about(event), object, id, type: 'UNDELETE', values },
      ];
    }
    case 'merge': {
      const loser = of(event.loser);
      const moved = contacts().filter((row) => row.values.AccountId === event.loser);
      return [
        { ...about(event), object: loser.object, id: loser.id, type: 'DELETE', values: {} },
        update(event, of(event.winner), {}),
        ...moved.map((row) => update(event, row, { AccountId: event.winner })),
      ];
    }
    case 'convert':
      return [
        update(event, of(event.id), {
          Status: 'Closed - Converted',
          IsConverted: true,
          ConvertedDate: event.at.slice(0, 10),
          ConvertedAccountId: event.accountId,
          ConvertedContactId: event.contactId,
        }),
      ];
    case 'lead mapping':
    case 'lock':
    case 'field':
    case 'permission set':
    case 'permission set group':
    case 'assign':
    case 'rights':
    case 'deactivate':
    case 'rule':
    case 'button':
    case 'drop rule':
    case 'duplicate rules':
      return [];
  }
}

const about = ({ at, by }: { at: string; by: string }): { at: string; by: string } => ({ at, by });

function update(
  event: { at: string; by: string },
  row: Row,
  sent: Readonly<Record<string, SalesforceValue>>,
): RecordChange {
  const changed = Object.entries(sent).filter(([name, value]) => readValue(row, name, (by) => by) !== value);
  const values = Object.fromEntries(changed);
  return { ...about(event), object: row.object, id: row.id, type: 'UPDATE', values };
}
