import type { Request } from 'express';
import { z } from 'zod';
import { HubspotRefusal, refuse } from './answers.ts';
import { parseBody, refusedRow } from './bodies.ts';
import { crmPaths, handle, needAccess, nothingHistoric, param, readObjectType, showRecord } from './portal.ts'; // prettier-ignore
import type { Portal } from './portal.ts';
import { renderBatch } from './render.ts';
import { typeIds } from './routes-associations.ts';
import { createRecord } from './routes-write.ts';
import { OBJECT_TYPES, objectTypes } from './schema.ts';
import type { ObjectType } from './schema.ts';

// CRM objects guide: a batch takes up to 100 inputs.
const BATCH_LIMIT = 100;

const Creates = z.object({
  inputs: z.array(
    z.object({
      properties: z.record(z.string(), z.string()),
      objectWriteTraceId: z.string().optional(),
      associations: z
        .array(
          z.object({
            to: z.object({ id: z.string() }),
            types: z
              .array(z.object({ associationCategory: z.string(), associationTypeId: z.number() }))
              .min(1),
          }),
        )
        .default([]),
    }),
  ),
});
type Input = z.infer<typeof Creates>['inputs'][number];

/** Batch creates: with a trace id on each input row by row, else all or none (error handling guide, "Multi-status errors"). */
export function mountBatchCreate(portal: Portal): void {
  portal.app.post(crmPaths('objects', '/:type/batch/create'), (request, response) => {
    handle(response, 'batch create', () => createBatch(portal, request));
  });
}

function createBatch(portal: Portal, request: Request): { status: number; body: unknown; units: number } {
  const type = readObjectType(param(request, 'type'));
  needAccess(portal, type, 'write');
  const { inputs } = parseBody(Creates, request.body);
  if (inputs.length > BATCH_LIMIT)
    throw refuse(`Invalid input JSON: inputs: size must be between 0 and ${BATCH_LIMIT}`);
  const traces = inputs.flatMap(({ objectWriteTraceId }) => objectWriteTraceId ?? []);
  if (new Set(traces).size < traces.length) throw refuse('objectWriteTraceId must be unique');
  const rowByRow = inputs.length > 0 && traces.length === inputs.length;
  // Looked at before anything is made, so that all or none is what it says.
  if (!rowByRow) for (const input of inputs) check(portal, type, input);
  const errors: unknown[] = [];
  const results = inputs.flatMap((input) => {
    try {
      const ends = check(portal, type, input);
      const record = createRecord(portal, type, input.properties);
      const happened = { at: portal.clock.now().getTime(), by: portal.caller };
      for (const to of ends)
        portal.state.commit([{ kind: 'associate', from: { type, id: record.id }, to, ...happened }]);
      const shown = showRecord(portal, record, { ...nothingHistoric, properties: Object.keys(input.properties) }); // prettier-ignore
      return [{ ...shown, objectWriteTraceId: input.objectWriteTraceId }];
    } catch (error) {
      if (!(error instanceof HubspotRefusal) || !rowByRow) throw error;
      errors.push(refusedRow(input.objectWriteTraceId, error));
      return [];
    }
  });
  const body = renderBatch(results, errors, portal.clock.now());
  return { status: errors.length === 0 ? 201 : 207, body, units: inputs.length };
}

/** The records that an input is to be tied to. @throws HubspotRefusal */
function check(portal: Portal, type: ObjectType, input: Input): { type: ObjectType; id: string }[] {
  if (type === 'notes' && (input.properties.hs_timestamp ?? '') === '')
    throw refuse('Property values were not valid: required property hs_timestamp is missing');
  return input.associations.map(({ to, types }) => {
    const end = objectTypes.find((other) => types.some((one) => isTie(type, other, one)));
    if (end === undefined) throw refuse(`One or more associations are invalid: no such type from ${type}`);
    if (portal.state.find(end, to.id) === undefined)
      throw new HubspotRefusal({
        status: 404,
        category: 'OBJECT_NOT_FOUND',
        message: `${OBJECT_TYPES[end].constant} ${to.id} does not exist`,
      });
    return { type: end, id: to.id };
  });
}

function isTie(
  from: ObjectType,
  to: ObjectType,
  { associationCategory, associationTypeId }: { associationCategory: string; associationTypeId: number },
): boolean {
  try {
    return associationCategory === 'HUBSPOT_DEFINED' && typeIds(from, to).plain === associationTypeId;
  } catch {
    return false;
  }
}
