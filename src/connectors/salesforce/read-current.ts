import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { CurrentRecord } from '../crm.ts';
import { showValue } from '../unreadable.ts';
import type { Client } from './client.ts';
import { closedFields, ourFields } from './describe.ts';
import type { Describe, ObjectDescription } from './describe.ts';
import { provider } from './failures.ts';
import { readInstant, readOurs } from './fields.ts';
import type { SalesforceObject } from './fields.ts';
import { openUnfit } from './find-unfit.ts';

/** Ids in one collections retrieve by POST (REST API guide); by GET the URL's length would stop us far sooner. */
export const READ_BATCH = 2000;

// What tells whether a record may be written to, and since when it is as it is.
const STATE = ['Id', 'LastModifiedDate', 'LastModifiedById', 'IsConverted', 'ConvertedAccountId'];

// What is wrong with our fields is looked at again after this long.
const BROKEN_KNOWN_FOR_MS = 30_000;

// Each row is judged by itself, so that a bad one harms no other.
const Rows = z.array(z.unknown());

/** Our fields' current values, one entry per id, in the order asked; one call. */
export async function readCurrent(
  client: Client,
  describe: Describe,
  object: SalesforceObject,
  ids: readonly string[],
  options: CallOptions,
): Promise<CurrentRecord[]> {
  if (ids.length === 0) return [];
  if (ids.length > READ_BATCH)
    throw new Error(`readCurrent takes ${READ_BATCH} ids at most, got ${ids.length}`);
  let description = await describe.known(object, options);
  let barred = findBarred(object, description);
  if (Object.keys(barred).length > 0) {
    // An administrator may have put that right a moment ago.
    description = await describe.known(object, options, BROKEN_KNOWN_FOR_MS);
    barred = findBarred(object, description);
  }
  const state = STATE.filter((name) => description.fields.has(name));
  const fields = [...state, ...ourFields(description)];
  const body = JSON.stringify({ ids, fields });
  const { value: rows, headers } = await client
    .call(
      'collections retrieve',
      ({ connection }) =>
        connection.request({
          method: 'POST',
          url: `/composite/sobjects/${object}`,
          headers: { 'content-type': 'application/json' },
          body,
        }),
      Rows,
      { ...options, repeatable: true },
    )
    .catch((error: unknown) => {
      if (error instanceof ProviderError && error.code === 'INVALID_FIELD') describe.forget();
      throw error;
    });
  if (rows.length !== ids.length)
    throw new ProviderError({
      provider,
      operation: 'collections retrieve',
      kind: 'malformed',
      message: `asked for ${ids.length} records, got ${rows.length}`,
    });
  const answeredAt = Date.parse(headers?.get('date') ?? '');
  const { userId: us } = await client.session(options);
  const clock = Number.isNaN(answeredAt) ? {} : { readAt: new Date(answeredAt).toISOString() };
  return ids.map((externalId, index): CurrentRecord => {
    const row = rows[index] ?? null;
    if (row === null) return { object, externalId, values: null, modifiedAt: null };
    const held = isRow(row) ? row : {};
    const unreadable = findProblem(held, externalId, fields);
    if (unreadable !== null) return { object, externalId, values: null, modifiedAt: null, unreadable };
    const current = {
      object,
      externalId,
      values: readOurs(held),
      modifiedAt: readInstant(held.LastModifiedDate),
      ...byOthers(held.LastModifiedById, us),
      ...clock,
      ...barred,
    };
    if (held.IsConverted !== true) return current;
    const { ConvertedAccountId: account } = held;
    return { ...current, unwritable: CONVERTED, convertedTo: typeof account === 'string' ? account : null };
  });
}

/** What an administrator did to our fields that keeps values out of them. */
function findBarred(
  object: SalesforceObject,
  description: ObjectDescription,
): Pick<CurrentRecord, 'closedFields' | 'findUnfit'> {
  const closed = closedFields(object, description);
  const findUnfit = openUnfit(description);
  return {
    ...(Object.keys(closed).length > 0 ? { closedFields: closed } : {}),
    ...(findUnfit === null ? {} : { findUnfit }),
  };
}

/** Who changed the record last, unless that was us. */
function byOthers(userId: unknown, us: string): Pick<CurrentRecord, 'modifiedBy'> {
  const isKnown = typeof userId === 'string' && userId !== '';
  return isKnown && userId.slice(0, ID_LENGTH) !== us.slice(0, ID_LENGTH) ? { modifiedBy: userId } : {};
}

type Row = Readonly<Record<string, unknown>>;

const isRow = (row: unknown): row is Row => typeof row === 'object' && row !== null;

// Ids come with 15 characters, or with three more that say the same once more.
const ID_LENGTH = 15;

/** Taken for empty, a value that can't be read would be written over; without its last change, a write would have no condition. */
function findProblem(row: Row, id: string, fields: readonly string[]): string | null {
  if (typeof row.Id !== 'string' || row.Id.slice(0, ID_LENGTH) !== id.slice(0, ID_LENGTH))
    return `its Id is ${showValue(row.Id)}, not ${id}`;
  if (fields.includes('LastModifiedDate') && readInstant(row.LastModifiedDate) === null)
    return `its LastModifiedDate is ${showValue(row.LastModifiedDate)}, which is no time of a change`;
  for (const name of ['IsConverted', ...fields]) {
    const value = row[name];
    const isPlain = value === undefined || value === null || typeof value !== 'object';
    if (!isPlain) return `its ${name} is ${showValue(value)}, not one value`;
  }
  return null;
}

/** Why a converted lead takes no more values, for people. */
export const CONVERTED = 'the lead was converted; its account carries the fields now';
