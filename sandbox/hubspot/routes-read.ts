import type { Request } from 'express';
import { z } from 'zod';
import { HubspotRefusal, refuse } from './answers.ts';
import { missingObjects, parseBody } from './bodies.ts';
import {
  crmPaths,
  handle,
  isDated,
  needAccess,
  nothingHistoric,
  param,
  readObjectType,
  showRecord,
} from './portal.ts';
import type { Portal } from './portal.ts';
import type { TwinRecord } from './records.ts';
import { renderBatch } from './render.ts';
import type { ObjectType } from './schema.ts';
import { OBJECT_TYPES } from './schema.ts';
import { comparable, parseSearch } from './search.ts';

// CRM objects guide: a list page holds up to 100 records, 50 with history; a batch read likewise.
const LIST_LIMIT = 100;
const HISTORY_LIMIT = 50;

/** GET lists and single records, POST batch reads and searches. */
export function mountReads(portal: Portal): void {
  const { app } = portal;
  app.get(crmPaths('objects', '/:type'), (request, response) => {
    handle(response, 'list', () => listRecords(portal, request));
  });
  app.get(crmPaths('objects', '/:type/:id'), (request, response) => {
    handle(response, 'read', () => readOne(portal, request));
  });
  app.post(crmPaths('objects', '/:type/batch/read'), (request, response) => {
    handle(response, 'batch read', () => readBatch(portal, request));
  });
  app.post(crmPaths('objects', '/:type/search'), (request, response) => {
    handle(response, 'search', () => searchRecords(portal, request));
  });
}

/** `a=x,y&a=z` → x, y, z. */
function readNames(value: unknown): string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts.flatMap((text) => (typeof text === 'string' && text !== '' ? text.split(',') : []));
}

function readCount(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'string' || !/^\d+$/.test(value))
    throw refuse(`${JSON.stringify(value)} is not a number`);
  return Number(value);
}

function listRecords(portal: Portal, request: Request): { body: unknown; units: number } {
  const type = readObjectType(param(request, 'type'));
  needAccess(portal, type, 'read');
  const wanted = {
    properties: readNames(request.query.properties),
    withHistory: readNames(request.query.propertiesWithHistory),
  };
  const limit = readCount(request.query.limit, 10);
  const most = wanted.withHistory.length > 0 ? HISTORY_LIMIT : LIST_LIMIT;
  if (limit > most || limit === 0) throw refuse(`The limit of ${limit} is not within 1 and ${most}`);
  const after = readCount(request.query.after, 0);
  const archived = request.query.archived === 'true';
  const toTypes = readNames(request.query.associations).map(readObjectType);
  const records = portal.state.shelf(type).inOrder();
  const page: TwinRecord[] = [];
  let more = false;
  for (let place = firstAfter(records, after); place < records.length; place += 1) {
    const record = records[place];
    if (record === undefined || (record.archivedAt !== null) !== archived) continue;
    if (page.length === limit) {
      more = true;
      break;
    }
    page.push(record);
  }
  const results = page.map((record) => ({
    ...showRecord(portal, record, wanted),
    ...(toTypes.length === 0 ? {} : { associations: showAssociations(portal, record, toTypes) }),
  }));
  const next = more ? { paging: { next: { after: page.at(-1)?.id, link: request.originalUrl } } } : {};
  return { body: { results, ...next }, units: results.length };
}

function firstAfter(records: readonly TwinRecord[], after: number): number {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number(records[middle]?.id) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}

function showAssociations(portal: Portal, record: TwinRecord, toTypes: readonly ObjectType[]): unknown {
  const entries = toTypes.flatMap((to) => {
    const ids = portal.state.links.list(record, to);
    const type = `${OBJECT_TYPES[record.type].singular}_to_${OBJECT_TYPES[to].singular}`;
    return ids.length === 0 ? [] : [[to, { results: ids.map((id) => ({ id, type })) }] as const];
  });
  return Object.fromEntries(entries);
}

function readOne(portal: Portal, request: Request): { body: unknown } {
  const type = readObjectType(param(request, 'type'));
  needAccess(portal, type, 'read');
  const archived = request.query.archived === 'true';
  const record = findBy(portal, type, param(request, 'id'), readNames(request.query.idProperty)[0], archived);
  if (record === undefined)
    throw new HubspotRefusal({
      status: 404,
      category: 'OBJECT_NOT_FOUND',
      message: 'Object not found.  objectId are usually numeric.',
    });
  const properties = readNames(request.query.properties);
  return {
    body: showRecord(portal, record, {
      properties,
      withHistory: readNames(request.query.propertiesWithHistory),
    }),
  };
}

/** A record by id, or by the value of a unique property. @throws HubspotRefusal when the property is not unique */
export function findBy(
  portal: Portal,
  type: ObjectType,
  id: string,
  idProperty: string | undefined,
  archived = false,
): TwinRecord | undefined {
  if (idProperty === undefined) return portal.state.find(type, id, archived);
  if (portal.state.properties(type).get(idProperty)?.hasUniqueValue !== true)
    throw refuse(
      `Unable to perform update/upsert by non-unique ${OBJECT_TYPES[type].typeId} property ${idProperty} in portal ID ${portal.portalId}`,
    );
  const wanted = id.trim().toLowerCase();
  return portal.state
    .shelf(type)
    .inOrder()
    .find((record) => record.archivedAt === null && record.properties[idProperty]?.toLowerCase() === wanted);
}

const BatchRead = z.object({
  inputs: z.array(z.object({ id: z.string() })),
  idProperty: z.string().optional(),
  properties: z.array(z.string()).default([]),
  propertiesWithHistory: z.array(z.string()).default([]),
});

function readBatch(portal: Portal, request: Request): { status: number; body: unknown; units: number } {
  const type = readObjectType(param(request, 'type'));
  needAccess(portal, type, 'read');
  const body = parseBody(BatchRead, request.body);
  const most = body.propertiesWithHistory.length > 0 ? HISTORY_LIMIT : LIST_LIMIT;
  if (body.inputs.length > most)
    throw refuse(`Invalid input JSON: inputs: size must be between 0 and ${most}`);
  const archived = request.query.archived === 'true';
  const found = new Map<string, TwinRecord>();
  const missing: string[] = [];
  for (const { id } of body.inputs) {
    const record = findBy(portal, type, id, body.idProperty, archived);
    if (record === undefined) missing.push(id);
    else found.set(record.id, record);
  }
  const wanted = { properties: body.properties, withHistory: body.propertiesWithHistory };
  const results = [...found.values()].map((record) => showRecord(portal, record, wanted));
  const errors = missingObjects(type, missing);
  return {
    status: errors.length > 0 && !isDated(request) ? 207 : 200,
    body: renderBatch(results, errors, portal.clock.now()),
    units: body.inputs.length,
  };
}

// Per object and sort: the records in that order, until one changes.
const sortedOnce = new WeakMap<Portal, Map<string, { revision: number; records: readonly TwinRecord[] }>>();

function inSortedOrder(portal: Portal, type: ObjectType, sort: string | null): readonly TwinRecord[] {
  const shelf = portal.state.shelf(type);
  const seen = portal.index.view(type, shelf);
  if (sort === null) return seen;
  let kept = sortedOnce.get(portal);
  if (kept === undefined) sortedOnce.set(portal, (kept = new Map()));
  const key = `${type} ${sort}`;
  const settled = portal.index.settled();
  const cached = kept.get(key);
  if (settled && cached?.revision === shelf.revision()) return cached.records;
  const name = sort.replace(/^-/, '');
  const property = portal.state.properties(type).get(name);
  const sign = sort.startsWith('-') ? -1 : 1;
  const keyed = seen.map((record) => ({ record, key: comparable(record.properties[name] ?? '', property) }));
  const records = keyed
    .toSorted((a, b) =>
      a.key < b.key ? -sign : a.key > b.key ? sign : Number(a.record.id) - Number(b.record.id),
    )
    .map(({ record }) => record);
  if (settled) kept.set(key, { revision: shelf.revision(), records });
  return records;
}

function searchRecords(portal: Portal, request: Request): { body: unknown; units: number } {
  const type = readObjectType(param(request, 'type'));
  needAccess(portal, type, 'read');
  const search = parseSearch(request.body, portal.state.properties(type));
  const matching = inSortedOrder(portal, type, search.sort).filter(
    (record) => record.archivedAt === null && search.matches(record),
  );
  const end = search.offset + search.limit;
  const wanted = { ...nothingHistoric, properties: search.properties };
  const results = matching.slice(search.offset, end).map((record) => showRecord(portal, record, wanted));
  const next = end < matching.length ? { paging: { next: { after: String(end) } } } : {};
  return { body: { total: matching.length, results, ...next }, units: results.length };
}
