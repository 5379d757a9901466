import { notFound, refuse } from './answers.ts';
import type { Portal } from './portal.ts';
import type { TwinRecord } from './records.ts';
import type { ObjectType } from './schema.ts';

/** Two records become a new one; both old ids lead to it from then on. */
export function mergeRecords(portal: Portal, type: ObjectType, primary: string, other: string): TwinRecord {
  const kept = portal.state.find(type, primary);
  const away = portal.state.find(type, other);
  if (kept === undefined || away === undefined) throw notFound();
  if (kept === away) throw refuse('Cannot merge an object with itself');
  const id = portal.state.nextId();
  const at = portal.clock.now().getTime();
  portal.state.commit([{ kind: 'merge', type, id, primary: kept.id, other: away.id, at, by: portal.caller }]);
  const record = portal.state.find(type, id);
  if (record === undefined) throw new Error('the record just merged is not there');
  return record;
}
