import type { Express, Request, Response } from 'express';
import type { TwinClock } from '../kit/clock.ts';
import { answerWith, refuse } from './answers.ts';
import type { Author } from './events.ts';
import type { Guard } from './guard.ts';
import type { RequestCheck } from './sdk-requests.ts';
import type { SearchIndex } from './index-lag.ts';
import { renderRecord } from './render.ts';
import type { Wanted } from './render.ts';
import type { TwinRecord } from './records.ts';
import { findObjectType, OBJECT_TYPES } from './schema.ts';
import type { ObjectType } from './schema.ts';
import type { TwinState } from './state.ts';
import type { Tokens } from './tokens.ts';
import type { Webhooks } from './webhooks.ts';

/** The dated API that the twin speaks beside v3 and v4 (developers.hubspot.com, "Date-based versioning"). */
export const HUBSPOT_API_VERSION = '2026-09';

/**
 * How batch updates answer for a row that fails.
 * - `whole`: a value that does not fit refuses the whole batch, a record that is not there is listed under `errors` (as seen
 *   of the API by those who wrote its clients)
 * - `row by row`: each failed row is listed under `errors`, by its objectWriteTraceId where it has one (error handling guide,
 *   "Multi-status errors")
 * - `silent`: a record that is not there is not mentioned at all (reported in HubSpot's developer community)
 */
export const BATCH_FORMS = ['whole', 'row by row', 'silent'] as const;
type BatchForm = (typeof BATCH_FORMS)[number];

/** What a twin's routes share. */
export type Portal = {
  app: Express;
  state: TwinState;
  guard: Guard;
  requests: RequestCheck;
  tokens: Tokens;
  webhooks: Webhooks;
  index: SearchIndex;
  clock: TwinClock;
  portalId: number;
  batches: { form: BatchForm };
  /** Who an API caller is in a record's history. */
  caller: Author;
};

/** A path of the CRM in its dated and its numbered form: `/crm/objects/2026-09/…` and `/crm/v3/objects/…`. */
export function crmPaths(resource: string, rest: string, number: 'v3' | 'v4' = 'v3'): string[] {
  return [`/crm/${resource}/${HUBSPOT_API_VERSION}${rest}`, `/crm/${number}/${resource}${rest}`];
}

/** True when the request came in on a dated path. */
export function isDated(request: Request): boolean {
  return (
    request.path.includes(`/${HUBSPOT_API_VERSION}/`) || request.path.endsWith(`/${HUBSPOT_API_VERSION}`)
  );
}

/** One path parameter. */
export function param(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}

export function readObjectType(name: string): ObjectType {
  const type = findObjectType(name);
  if (type === null) throw refuse(`Unable to infer object type from: ${name}`);
  return type;
}

/** Checks that the token may read or write an object. */
export function needAccess(portal: Portal, type: ObjectType, access: 'read' | 'write'): void {
  // Activities go by the scopes of contacts (notes guide, "Scope requirements").
  portal.guard.needScope(`crm.objects.${type === 'notes' ? 'contacts' : type}.${access}`);
}

export function showRecord(portal: Portal, record: TwinRecord, wanted: Wanted): Record<string, unknown> {
  const known = portal.state.properties(record.type);
  return renderRecord(record, wanted, known, portal.portalId, OBJECT_TYPES[record.type].typeId);
}

/** Names the call for the call log, and answers. `act` may return how many rows it was about. */
export function handle(
  response: Response,
  operation: string,
  act: () => { status?: number; body: unknown; units?: number } | null,
): void {
  response.locals.operation = operation;
  answerWith(response, () => {
    const answer = act();
    if (answer?.units !== undefined) response.locals.units = answer.units;
    return answer;
  });
}

export const nothingHistoric: Wanted = { properties: [], withHistory: [] };
