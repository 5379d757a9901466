import { salesforceId, salesforceSuffix } from '../kit/world-ids.ts';
import { keyPrefixes } from './schema.ts';
import type { ObjectName } from './schema.ts';

/** 15 or 18 characters → 18; null when the text can be no id (wrong length, letters, or a suffix that does not match). */
export function normalizeId(id: string): string | null {
  if (!/^[A-Za-z0-9]+$/.test(id)) return null;
  if (id.length === 15) return id + salesforceSuffix(id);
  if (id.length !== 18) return null;
  const full = id.slice(0, 15) + salesforceSuffix(id.slice(0, 15));
  return full.slice(15) === id.slice(15).toUpperCase() ? full : null;
}

/** The id of something that the twin makes itself, fixed by `key`. */
export function makeId(object: ObjectName, key: string): string {
  return salesforceId(keyPrefixes[object], `${object}:${key}`);
}
