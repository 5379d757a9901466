import type { CallOptions } from '../call.ts';
import type { CurrentRecord, RecordWrite, WriteOutcome } from '../crm.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { HubspotApi } from './api.ts';
import type { createBarred } from './barred-fields.ts';
import { fieldOfProperty, objectPath, ourProperties, readFields, toProperties } from './fields.ts';
import type { FieldProblem, HubspotObject } from './fields.ts';
import { judgeRows } from './judge-rows.ts';
import { ValuesRefused, readValueRefusals, refuseUnread } from './refusals.ts';
import type { ValueRefusal } from './refusals.ts';
import { BatchAnswer, RowBatchAnswer } from './shapes.ts';
import type { RowError } from './shapes.ts';

/** CRM objects guide: a batch read or update takes up to 100 records of one object. */
export const BATCH = 100;

/**
 * How long a call that nobody listens to any more may still change records, in milliseconds. HubSpot names no longest time of its
 * own; its gateway gives up after 100 s (error handling guide, status 524). Three times that.
 */
export const LONGEST_WRITE_MS = 5 * 60_000;

/**
 * Our fields as they stand; null for records that are archived, or were merged into another. One call, and now and then one more about our
 * properties.
 */
export async function readCurrent(
  api: HubspotApi,
  findBarred: ReturnType<typeof createBarred>,
  object: HubspotObject,
  externalIds: readonly string[],
  options: CallOptions,
): Promise<CurrentRecord[]> {
  if (externalIds.length === 0) return [];
  const operation = 'batch read';
  const { data } = await api.send(
    {
      operation,
      method: 'POST',
      path: `/crm/objects/${HUBSPOT_API_VERSION}/${objectPath(object)}/batch/read`,
      body: {
        inputs: [...new Set(externalIds)].map((id) => ({ id })),
        properties: [...ourProperties],
        propertiesWithHistory: [],
      },
      schema: RowBatchAnswer,
      repeatable: true,
    },
    options,
  );
  refuseUnread(operation, data.errors);
  const { readable, unreadable } = judgeRows(object, data.results);
  const problems = new Map(unreadable.map(({ shownId, problem }) => [shownId, problem]));
  // Of whom a row without a readable id tells, nobody knows: maybe of one that would seem to be gone.
  const nameless = unreadable.find(({ shownId }) => !externalIds.includes(shownId))?.problem;
  // A merged id answers with the survivor, under the survivor's id: the one asked for is gone.
  const byId = new Map(readable.map((record) => [record.id, record]));
  const barred = await findBarred(
    object,
    readable.map((record) => readFields(record.properties)),
    options,
  );
  return externalIds.map((externalId) => {
    const record = byId.get(externalId);
    const problem = problems.get(externalId) ?? (record === undefined ? nameless : undefined);
    if (problem !== undefined)
      return { object, externalId, values: null, modifiedAt: null, unreadable: problem };
    if (record === undefined || record.archived === true)
      return { object, externalId, values: null, modifiedAt: null };
    const modified = Date.parse(record.updatedAt ?? '');
    const modifiedAt = Number.isNaN(modified) ? null : new Date(modified).toISOString();
    return { object, externalId, values: readFields(record.properties), modifiedAt, ...barred };
  });
}

/** Groups of up to 100 of one object; a record that comes twice goes into a later group (HubSpot refuses it in one batch). */
export function groupWrites(writes: readonly RecordWrite[]): RecordWrite[][] {
  const groups: RecordWrite[][] = [];
  let open: { ids: Set<string>; group: RecordWrite[] }[] = [];
  for (const write of writes) {
    let place = open.find(
      ({ ids, group }) => group[0]?.object === write.object && !ids.has(write.externalId),
    );
    if (place === undefined) {
      open.push((place = { ids: new Set(), group: [] }));
      groups.push(place.group);
    }
    place.ids.add(write.externalId);
    place.group.push(write);
    if (place.group.length === BATCH) open = open.filter((each) => each !== place);
  }
  return groups;
}

type Row = { id: string; objectWriteTraceId: string; properties: Record<string, string> };
type Rejection = Omit<Extract<WriteOutcome, { outcome: 'rejected' }>, 'object' | 'externalId'>;
type RowOutcome = { outcome: 'applied' } | { outcome: 'gone'; message: string } | Rejection;

/**
 * Sends one group in one batch update. HubSpot has no conditional write: `unmodifiedSince` is not looked at, and a
 * lost race shows in the property's history (history.ts).
 * @throws ProviderError of kind refused (with HubSpot's code) when the batch was turned away for a value and the answer
 *   does not say of which row: nothing was applied, so halves can be sent apart
 */
export async function writeRecords(
  api: HubspotApi,
  group: readonly RecordWrite[],
  options: CallOptions,
): Promise<WriteOutcome[]> {
  const [first] = group;
  if (first === undefined) return [];
  if (group.length > BATCH || group.some((write) => write.object !== first.object))
    throw new Error(`one HubSpot call carries up to ${BATCH} records of one object`);
  const rows = group.map((write) => ({ write, checked: toProperties(write.fields, write.restores) }));
  const inputs = rows.flatMap(({ write, checked }) =>
    'properties' in checked
      ? // What HubSpot lists a failed row by, where it takes the others of the batch.
        [{ id: write.externalId, objectWriteTraceId: write.externalId, properties: checked.properties }]
      : [],
  );
  const answered =
    inputs.length === 0 ? null : await sendBatch(api, objectPath(first.object), inputs, options);
  return rows.map(({ write, checked }) => {
    const { object, externalId } = write;
    const outcome = 'properties' in checked ? answered?.get(externalId) : notSent(checked.problems);
    return { object, externalId, ...(outcome ?? unanswered) };
  });
}

function notSent(problems: readonly FieldProblem[]): Rejection {
  const message = [...new Set(problems.map((problem) => problem.message))].join('; ');
  const fields = problems.map((problem) => problem.key);
  return { outcome: 'rejected', code: 'NOT_SENT', message, fields, retryable: false };
}

const unanswered: Rejection = {
  outcome: 'rejected',
  code: 'NOT_ANSWERED',
  message: 'HubSpot took the batch and said nothing of this record',
  fields: [],
  retryable: true,
};

async function sendBatch(
  api: HubspotApi,
  objects: string,
  inputs: readonly Row[],
  options: CallOptions,
): Promise<Map<string, RowOutcome>> {
  const request = {
    operation: 'batch update',
    method: 'POST' as const,
    path: `/crm/objects/${HUBSPOT_API_VERSION}/${objects}/batch/update`,
    body: { inputs },
    schema: BatchAnswer,
    repeatable: false,
  };
  try {
    const { data } = await api.send(request, options);
    return readOutcomes(data, inputs);
  } catch (error) {
    if (error instanceof ValuesRefused) return blameRows(error, inputs);
    throw error;
  }
}

function readOutcomes(answer: BatchAnswer, inputs: readonly Row[]): Map<string, RowOutcome> {
  const outcomes = new Map<string, RowOutcome>();
  for (const error of answer.errors) {
    const { ids = [], objectWriteTraceId: traces = [] } = error.context;
    for (const id of [...ids, ...traces]) outcomes.set(id, readRowError(error));
  }
  const asked = new Set(inputs.map((row) => row.id));
  const others = answer.results.filter((record) => !asked.has(record.id));
  for (const record of answer.results)
    if (asked.has(record.id)) outcomes.set(record.id, { outcome: 'applied' });
  // Asked for by an id that was merged away, HubSpot answers with the survivor.
  const message = `merged into ${others.map((record) => record.id).join(' or ')}`;
  if (others.length > 0)
    for (const id of asked) if (!outcomes.has(id)) outcomes.set(id, { outcome: 'gone', message });
  return outcomes;
}

function readRowError(error: RowError): RowOutcome {
  const { category, message } = error;
  if (category === 'OBJECT_NOT_FOUND') return { outcome: 'gone', message };
  const values = readValueRefusals(error);
  if (values.length > 0) return refuseValues(values, category);
  const retryable = category !== 'VALIDATION_ERROR';
  return { outcome: 'rejected', code: category, message, fields: [], retryable };
}

// These are about a property, whatever its value: every row that carries it is refused.
const ABOUT_PROPERTY = new Set(['PROPERTY_DOESNT_EXIST', 'READ_ONLY_VALUE']);

/** A refused batch as outcomes of its rows. @throws the refusal itself when the rows that caused it are not known */
function blameRows(refusal: ValuesRefused, inputs: readonly Row[]): Map<string, RowOutcome> {
  const alone = inputs.length === 1;
  const blamed = inputs.map((row) => ({
    row,
    values: refusal.values.filter(
      ({ property, code }) => (alone || ABOUT_PROPERTY.has(code)) && Object.hasOwn(row.properties, property),
    ),
  }));
  if (blamed.some(({ values }) => values.length === 0)) throw refusal;
  const code = refusal.code ?? 'VALIDATION_ERROR';
  return new Map(blamed.map(({ row, values }) => [row.id, refuseValues(values, code)]));
}

/** What was said against the values of one row. */
function refuseValues(values: readonly ValueRefusal[], otherwise: string): Rejection {
  const fields = [...new Set(values.map((value) => fieldOfProperty(value.property)))];
  return {
    outcome: 'rejected',
    code: values[0]?.code ?? otherwise,
    message: [...new Set(values.map((value) => value.message))].join('; '),
    fields: fields.filter((field) => field !== null),
    retryable: false,
  };
}
