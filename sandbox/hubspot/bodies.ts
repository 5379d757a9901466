import type { z } from 'zod';
import { refuse } from './answers.ts';
import type { HubspotRefusal } from './answers.ts';
import type { ObjectType } from './schema.ts';
import { OBJECT_TYPES } from './schema.ts';

/** A request body in the shape that a route takes. @throws HubspotRefusal naming what does not fit */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw refuse(
    `Invalid input JSON on line 1, column 1: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`,
  );
}

/** The entry of a batch answer's `errors` for ids that are not there; none when all are. */
export function missingObjects(type: ObjectType, ids: readonly string[]): unknown[] {
  if (ids.length === 0) return [];
  return [
    {
      status: 'error',
      category: 'OBJECT_NOT_FOUND',
      message: `Could not get some ${OBJECT_TYPES[type].constant} objects, they may be deleted or not exist. Check that ids are valid.`,
      context: { ids },
      links: {},
      errors: [],
    },
  ];
}

/** The entry for a row whose values were refused, in a batch that is worked off row by row. */
export function refusedRow(trace: string | undefined, { answer }: HubspotRefusal): unknown {
  const { category, message } = answer;
  const context = trace === undefined ? {} : { objectWriteTraceId: [trace] };
  return { status: 'error', category, message, context, links: {}, errors: [] };
}
