import { z } from 'zod';
import { Refusal, readJson } from './call.ts';
import type { Answer, Call } from './call.ts';
import type { OrgEvent } from './events.ts';
import { normalizeId } from './ids.ts';
import type { Org } from './org.ts';
import { openObject } from './row.ts';
import { planUpdate, readFields } from './save.ts';
import { showValue } from './soql-run.ts';

// sObject Collections: records per update, ids per retrieve (REST API guide).
const MOST_UPDATES = 200;
// Records of one object that follow one another are worked off together: each such chunk counts (the same guide).
const MOST_CHUNKS = 10;
const MOST_RETRIEVED = 2000;

const Update = z.object({
  allOrNone: z.boolean().default(false),
  records: z.array(z.looseObject({ attributes: z.object({ type: z.string() }), id: z.string().optional() })),
});

type RowError = { statusCode: string; message: string; fields: readonly string[] };
export type RowResult = { id: string; success: true; errors: [] } | { success: false; errors: RowError[] };

export const failed = (code: string, message: string, fields: readonly string[] = []): RowResult => ({
  success: false,
  errors: [{ statusCode: code, message, fields }],
});

/** PATCH /composite/sobjects: results in input order, 200 even when rows fail; a failed entry carries no id. */
export function updateCollection(org: Org, call: Call): Answer {
  const body = Update.safeParse(readJson(call));
  if (!body.success)
    throw new Refusal(400, 'JSON_PARSER_ERROR', 'records must be a list of objects with attributes.type');
  const { records, allOrNone } = body.data;
  if (records.length > MOST_UPDATES)
    throw new Refusal(
      400,
      'LIMIT_EXCEEDED',
      `record limit reached. cannot submit more than ${MOST_UPDATES} records in a single request.`,
    );
  const chunks = records.filter(
    ({ attributes }, index) => attributes.type !== records[index - 1]?.attributes.type,
  ).length;
  if (chunks > MOST_CHUNKS)
    throw new Refusal(
      400,
      'LIMIT_EXCEEDED',
      `Cannot have more than ${MOST_CHUNKS} chunks in a single operation. Please rearrange the data to reduce chunking.`,
    );
  const events: OrgEvent[] = [];
  const seen = new Set<string>();
  const results = records.map((record): RowResult => {
    const { attributes, id, ...values } = record;
    if (id === undefined) return failed('MISSING_ARGUMENT', 'Id not specified in an update call');
    const full = normalizeId(id) ?? id;
    if (seen.has(full)) return failed('DUPLICATE_VALUE', `duplicate id in the request: ${id}`, ['Id']);
    seen.add(full);
    try {
      const object = openObject(org, call, attributes.type);
      const fields = readFields(org, call.user, object, values);
      const event = planUpdate(org, call.user, object, id, fields, call.headers);
      events.push(event);
      return { id: full, success: true, errors: [] };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === 'JSON_PARSER_ERROR') throw error;
      return failed(error.code, error.message, error.fields);
    }
  });
  const halted = allOrNone && results.some((result) => !result.success);
  if (!halted) org.record(events);
  const rolledBack = failed(
    'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    'Record rolled back because not all records were valid and the request was using AllOrNone header',
  );
  return {
    status: 200,
    json: halted ? results.map((result) => (result.success ? rolledBack : result)) : results,
    operation: 'collections update',
    units: records.length,
  };
}

const Retrieve = z.object({ ids: z.array(z.string()), fields: z.array(z.string()).min(1) });

/** POST /composite/sobjects/OBJECT: rows in the order of the ids asked for, null for what is not there. */
export function retrieveCollection(org: Org, call: Call, objectName: string): Answer {
  const object = openObject(org, call, objectName);
  const body = Retrieve.safeParse(readJson(call));
  if (!body.success) throw new Refusal(400, 'JSON_PARSER_ERROR', 'ids and fields must be lists of text');
  const { ids, fields: names } = body.data;
  if (ids.length > MOST_RETRIEVED)
    throw new Refusal(
      400,
      'LIMIT_EXCEEDED',
      `record limit reached. cannot submit more than ${MOST_RETRIEVED} records in a single request.`,
    );
  const fields = names.map((name) => {
    const field = org.visibleField(call.user, object, name);
    if (field === undefined)
      throw new Refusal(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object}`);
    return field;
  });
  const shown = ids.map((id) => {
    const full = normalizeId(id);
    const row = full === null ? undefined : org.find(full);
    if (row === undefined || row.object !== object || row.deleted) return null;
    const values: Record<string, unknown> = {
      attributes: { type: object, url: `/services/data/${call.version}/sobjects/${object}/${row.id}` },
    };
    for (const field of fields) values[field.name] = showValue(field, org.value(row, field.name));
    return values;
  });
  return { status: 200, json: shown, operation: 'collections retrieve', units: ids.length };
}
