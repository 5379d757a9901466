import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { FieldValue } from '../crm-fields.ts';
import type { RecordWrite, WriteOutcome } from '../crm.ts';
import { API_VERSION } from './client.ts';
import type { Client } from './client.ts';
import { provider } from './failures.ts';
import { asSalesforceObject, definitionOf, refuseType, refuseValue } from './fields.ts';
import { MOST_COLLECTIONS, MOST_SUBREQUESTS, toParts } from './group.ts';
import type { Part } from './group.ts';
import { readProblem, readSaveResults, toOutcome } from './outcome.ts';

/**
 * How long a call that nobody listens to any more may still save rows, in milliseconds. An Apex transaction runs 10 minutes at
 * most (Apex Developer Guide, "Execution Governors and Limits"); a call's collections are transactions one after another, of 10 s of
 * CPU each, so that half as much again is ample.
 */
export const LONGEST_WRITE_MS = 15 * 60_000;

const Composite = z.object({
  compositeResponse: z.array(
    z.object({ body: z.unknown(), httpStatusCode: z.number(), referenceId: z.string() }),
  ),
});

/**
 * Sends one group in one composite call; one outcome per write, in order. A call that may have taken effect is not
 * repeated here: it throws a ProviderError with `maybeApplied`, and reading back tells.
 */
export async function writeRecords(
  client: Client,
  group: readonly RecordWrite[],
  options: CallOptions,
): Promise<WriteOutcome[]> {
  const outcomes = new Map<RecordWrite, WriteOutcome>();
  const sendable: RecordWrite[] = [];
  for (const write of group) {
    const problem = checkWrite(write);
    if (problem === null) sendable.push(write);
    else outcomes.set(write, problem);
  }
  const parts = toParts(sendable);
  const collections = parts.filter((part) => part.kind === 'collection').length;
  if (parts.length > MOST_SUBREQUESTS || collections > MOST_COLLECTIONS)
    throw new Error(`${group.length} writes are more than one Salesforce call carries; group them first`);
  if (parts.length > 0)
    for (const [write, outcome] of await sendParts(client, parts, options)) outcomes.set(write, outcome);
  return group.map((write) => outcomes.get(write) ?? lost(write.externalId));
}

/** Refuses what must not be sent (Error) and what the platform would refuse (an outcome); null: fine. */
function checkWrite(write: RecordWrite): WriteOutcome | null {
  const object = asSalesforceObject(write.object);
  if (object === 'Contact') throw new Error('Contacts carry no Fieldnote fields; they are never written');
  if (!/^[A-Za-z0-9]{15,18}$/.test(write.externalId))
    throw new Error(`"${write.externalId}" is no Salesforce id`);
  for (const [key, value] of Object.entries(write.fields)) {
    const definition = definitionOf(key);
    const message = write.restores?.includes(definition.key)
      ? refuseType(definition, value)
      : refuseValue(definition, value);
    if (message === null) continue;
    const { externalId } = write;
    const fields = [definition.key];
    return {
      object,
      externalId,
      outcome: 'rejected',
      code: 'INVALID_VALUE',
      message,
      fields,
      retryable: false,
    };
  }
  return null;
}

/** Our fields under their platform names; the only place that builds a body. */
function toBody(write: RecordWrite): Record<string, FieldValue> {
  return Object.fromEntries(
    Object.entries(write.fields).map(([key, value]) => [definitionOf(key).salesforceName, value ?? null]),
  );
}

/**
 * What holds for each save, whichever fields it carries (REST API guide, "Assignment Rule Header" and "Duplicate Rule Header"):
 * - Assignment rules would run, since that is the default: every lead that we score would go to whom they name, and accounts to other
 *   territories.
 * - Where a duplicate rule only asks ("are you sure?"), nobody is there to answer, and every record that looks like another would be
 *   refused for ever; our fields make none look like another. Rules that block still do.
 */
const HOW_TO_SAVE = {
  'Sforce-Auto-Assign': 'FALSE',
  'Sforce-Duplicate-Rule-Header': 'allowSave=true',
};

function toSubrequest(part: Part, index: number) {
  const base = `/services/data/v${API_VERSION}`;
  const referenceId = `part${index}`;
  if (part.kind === 'row') {
    const [write] = part.writes;
    const condition = new Date(write.unmodifiedSince ?? Number.NaN);
    // toISOString throws on a broken date, which toUTCString would send as "Invalid Date".
    const unmodifiedSince = new Date(condition.toISOString()).toUTCString();
    const httpHeaders = { ...HOW_TO_SAVE, 'If-Unmodified-Since': unmodifiedSince };
    const url = `${base}/sobjects/${part.object}/${write.externalId}`;
    return { method: 'PATCH', url, referenceId, httpHeaders, body: toBody(write) };
  }
  const records = part.writes.map((write) => ({
    attributes: { type: part.object },
    id: write.externalId,
    ...toBody(write),
  }));
  return {
    method: 'PATCH',
    url: `${base}/composite/sobjects`,
    referenceId,
    httpHeaders: HOW_TO_SAVE,
    body: { allOrNone: false, records },
  };
}

async function sendParts(
  client: Client,
  parts: readonly Part[],
  options: CallOptions,
): Promise<[RecordWrite, WriteOutcome][]> {
  const body = JSON.stringify({ allOrNone: false, compositeRequest: parts.map(toSubrequest) });
  const { value } = await client.call(
    'composite',
    ({ connection }) =>
      connection.request({
        method: 'POST',
        url: '/composite',
        // Subrequests have these of their own, as documented; the whole call says so as well, so that nothing hangs on it.
        headers: { 'content-type': 'application/json', ...HOW_TO_SAVE },
        body,
      }),
    Composite,
    { ...options, repeatable: false },
  );
  const answers = new Map(value.compositeResponse.map((answer) => [answer.referenceId, answer]));
  return parts.flatMap((part, index) => {
    const answer = answers.get(`part${index}`);
    if (answer === undefined) return lost(`part ${index}`);
    const outcomes = readPart(part, answer.httpStatusCode, answer.body);
    return part.writes.map((write, place): [RecordWrite, WriteOutcome] => [
      write,
      outcomes[place] ?? lost(write.externalId),
    ]);
  });
}

function readPart(part: Part, status: number, body: unknown): WriteOutcome[] {
  if (part.kind === 'row') {
    const [write] = part.writes;
    const { object, externalId } = write;
    if (status >= 200 && status < 300) return [{ object, externalId, outcome: 'applied' }];
    if (status === 412) return [{ object, externalId, outcome: 'changed-meanwhile' }];
    return [toOutcome(write, readProblem(status, body))];
  }
  if (status >= 300) return part.writes.map((write) => toOutcome(write, readProblem(status, body)));
  return readSaveResults(part.writes, body) ?? lost('a collection');
}

function lost(what: string): never {
  throw new ProviderError({
    provider,
    operation: 'composite',
    kind: 'malformed',
    message: `the answer says nothing readable about ${what}`,
    maybeApplied: true,
  });
}
