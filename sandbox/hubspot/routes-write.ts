import type { Request } from 'express';
import { z } from 'zod';
import { HubspotRefusal, notFound, refuse, refuseValues } from './answers.ts';
import { missingObjects, parseBody, refusedRow } from './bodies.ts';
import type { TwinEvent } from './events.ts';
import { mergeRecords } from './merge.ts';
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
import { findBy } from './routes-read.ts';
import type { ObjectType } from './schema.ts';
import { checkValue } from './values.ts';
import type { ValueProblem } from './values.ts';

// CRM objects guide: a batch takes up to 100 inputs.
const BATCH_LIMIT = 100;

const Properties = z.record(z.string(), z.string());
const One = z.object({ properties: Properties });
const Ids = z.object({ inputs: z.array(z.object({ id: z.string() })) });
const Update = z.object({
  id: z.string(),
  idProperty: z.string().optional(),
  objectWriteTraceId: z.string().optional(),
  properties: Properties,
});
const Updates = z.object({ inputs: z.array(Update) });
const Upserts = z.object({ inputs: z.array(Update.required({ idProperty: true })) });
const Merge = z.object({ primaryObjectId: z.string(), objectIdToMerge: z.string() });

/** Creates, updates, upserts, archives and merges. */
export function mountWrites(portal: Portal): void {
  const { app } = portal;
  app.post(crmPaths('objects', '/:type'), (request, response) => {
    handle(response, 'create', () => {
      const type = open(portal, request);
      const created = createRecord(portal, type, parseBody(One, request.body).properties);
      return { status: 201, body: showRecord(portal, created, nothingHistoric), units: 1 };
    });
  });
  app.patch(crmPaths('objects', '/:type/:id'), (request, response) => {
    handle(response, 'update', () => {
      const type = open(portal, request);
      const record = findBy(portal, type, param(request, 'id'), idPropertyOf(request));
      if (record === undefined) throw notFound();
      const { properties } = parseBody(One, request.body);
      portal.state.commit([updateEvent(portal, record, checkAll(portal, type, [properties])[0] ?? {})]);
      return {
        body: showRecord(portal, record, { ...nothingHistoric, properties: Object.keys(properties) }),
        units: 1,
      };
    });
  });
  app.post(crmPaths('objects', '/:type/batch/update'), (request, response) => {
    handle(response, 'batch update', () => updateBatch(portal, request));
  });
  app.post(crmPaths('objects', '/:type/batch/upsert'), (request, response) => {
    handle(response, 'batch upsert', () => upsertBatch(portal, request));
  });
  app.post(crmPaths('objects', '/:type/batch/archive'), (request, response) => {
    handle(response, 'batch archive', () => {
      const type = open(portal, request);
      const { inputs } = parseBody(Ids, request.body);
      checkBatch(inputs.map(({ id }) => id));
      archive(portal, type, inputs.map(({ id }) => id)); // prettier-ignore
      return null;
    });
  });
  app.delete(crmPaths('objects', '/:type/:id'), (request, response) => {
    handle(response, 'archive', () => {
      archive(portal, open(portal, request), [param(request, 'id')]);
      return null;
    });
  });
  app.post(crmPaths('objects', '/:type/merge'), (request, response) => {
    handle(response, 'merge', () => {
      const type = open(portal, request);
      const { primaryObjectId, objectIdToMerge } = parseBody(Merge, request.body);
      return {
        body: showRecord(
          portal,
          mergeRecords(portal, type, primaryObjectId, objectIdToMerge),
          nothingHistoric,
        ),
        units: 2,
      };
    });
  });
}

function open(portal: Portal, request: Request): ObjectType {
  const type = readObjectType(param(request, 'type'));
  needAccess(portal, type, 'write');
  return type;
}

function idPropertyOf(request: Request): string | undefined {
  return typeof request.query.idProperty === 'string' ? request.query.idProperty : undefined;
}

function updateEvent(portal: Portal, record: TwinRecord, properties: Record<string, string>): TwinEvent {
  const { type, id } = record;
  return { kind: 'update', type, id, properties, at: portal.clock.now().getTime(), by: portal.caller };
}

/** @throws HubspotRefusal: one bad value refuses them all */
function checkAll(
  portal: Portal,
  type: ObjectType,
  rows: readonly Readonly<Record<string, string>>[],
): Record<string, string>[] {
  const definitions = portal.state.properties(type);
  const problems: ValueProblem[] = [];
  const checked = rows.map((row) => {
    const values: Record<string, string> = {};
    for (const [name, written] of Object.entries(row)) {
      const result = checkValue(name, definitions.get(name), written);
      if ('problem' in result) problems.push(result.problem);
      else values[name] = result.value;
    }
    return values;
  });
  if (problems.length > 0) throw refuseValues(problems, portal.portalId);
  if (rows.some((row) => Object.keys(row).length === 0))
    throw refuse('No properties found to update, please provide at least one.');
  return checked;
}

function checkBatch(ids: readonly string[]): void {
  if (ids.length > BATCH_LIMIT)
    throw refuse(`Invalid input JSON: inputs: size must be between 0 and ${BATCH_LIMIT}`);
  const twice = [...new Set(ids.filter((id, place) => ids.indexOf(id) !== place))];
  if (twice.length > 0)
    throw refuse(`Duplicate IDs found in batch input: [${twice.join(', ')}]. IDs must be unique`, {
      context: { ids: twice },
    });
}

/** @throws HubspotRefusal 409 when a unique value is taken */
export function createRecord(portal: Portal, type: ObjectType, written: Record<string, string>): TwinRecord {
  const [properties = {}] = checkAll(portal, type, [written]);
  for (const [name, value] of Object.entries(properties)) {
    if (portal.state.properties(type).get(name)?.hasUniqueValue !== true || value === '') continue;
    const taken = findBy(portal, type, value, name);
    if (taken !== undefined)
      throw new HubspotRefusal({
        status: 409,
        category: 'CONFLICT',
        message: `Contact already exists. Existing ID: ${taken.id}`,
      });
  }
  const id = portal.state.nextId();
  portal.state.commit([
    { kind: 'create', type, id, properties, at: portal.clock.now().getTime(), by: portal.caller },
  ]);
  const record = portal.state.find(type, id);
  if (record === undefined) throw new Error('the record just created is not there');
  return record;
}

function updateBatch(portal: Portal, request: Request): { status: number; body: unknown; units: number } {
  const type = open(portal, request);
  const { inputs } = parseBody(Updates, request.body);
  checkBatch(inputs.map(({ id }) => id));
  const { form } = portal.batches;
  const { values, refused } =
    form === 'row by row'
      ? checkEach(portal, type, inputs)
      : { values: checkAll(portal, type, inputs.map(({ properties }) => properties)), refused: [] }; // prettier-ignore
  const missing: string[] = [];
  const events: TwinEvent[] = [];
  const touched: TwinRecord[] = [];
  for (const [place, { id, idProperty }] of inputs.entries()) {
    const row = values[place];
    if (row === undefined || row === null) continue;
    const record = findBy(portal, type, id, idProperty);
    if (record === undefined) missing.push(id);
    else {
      touched.push(record);
      events.push(updateEvent(portal, record, row));
    }
  }
  portal.state.commit(events);
  const names = [...new Set(values.flatMap((row) => Object.keys(row ?? {})))];
  const results = touched.map((record) =>
    showRecord(portal, record, { ...nothingHistoric, properties: names }),
  );
  const errors = [...refused, ...(form === 'silent' ? [] : missingObjects(type, missing))];
  const failed = errors.length > 0 || missing.length > 0;
  return {
    // 2026-09 answers 200 also when rows failed, but for the two forms that are told of 207 alone.
    status: failed && (form !== 'whole' || !isDated(request)) ? 207 : 200,
    body: renderBatch(results, errors, portal.clock.now()),
    units: inputs.length,
  };
}

/** Row by row: what may be written, null for a row that is refused, and the refusals as the answer lists them. */
function checkEach(portal: Portal, type: ObjectType, inputs: readonly z.infer<typeof Update>[]) {
  const refused: unknown[] = [];
  const values = inputs.map(({ properties, objectWriteTraceId }) => {
    try {
      return checkAll(portal, type, [properties])[0] ?? {};
    } catch (error) {
      if (!(error instanceof HubspotRefusal)) throw error;
      refused.push(refusedRow(objectWriteTraceId, error));
      return null;
    }
  });
  return { values, refused };
}

function upsertBatch(portal: Portal, request: Request): { body: unknown; units: number } {
  const type = open(portal, request);
  const { inputs } = parseBody(Upserts, request.body);
  checkBatch(inputs.map(({ id }) => id));
  const found = inputs.map(({ id, idProperty }) => findBy(portal, type, id, idProperty));
  const rows = inputs.map(({ id, idProperty, properties }) => ({ ...properties, [idProperty]: id }));
  const values = checkAll(portal, type, rows);
  const results = values.map((row, place) => {
    const known = found[place];
    if (known !== undefined) portal.state.commit([updateEvent(portal, known, row)]);
    const record = known ?? createRecord(portal, type, row);
    return {
      ...showRecord(portal, record, { ...nothingHistoric, properties: Object.keys(row) }),
      new: known === undefined,
    };
  });
  return { body: renderBatch(results, [], portal.clock.now()), units: inputs.length };
}

function archive(portal: Portal, type: ObjectType, ids: readonly string[]): void {
  const at = portal.clock.now().getTime();
  const records = ids.map((id) => portal.state.find(type, id)).filter((record) => record !== undefined);
  portal.state.commit(records.map(({ id }) => ({ kind: 'archive', type, id, at, by: portal.caller })));
}
