import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { CrmNote, CrmNotes, FoundNote, NoteOutcome } from '../crm-notes.ts';
import type { Client } from './client.ts';
import { provider } from './failures.ts';
import { asSalesforceObject } from './fields.ts';
import { isGone, isPassing } from './outcome.ts';
import { queryRows, quote } from './query.ts';

// A collection takes 200; the query that looks for them must fit an address (16,384 characters, REST API guide).
const BATCH = 50;
// Object reference, Task: Subject 255 and Description 32,000 characters.
const MOST_SUBJECT = 255;
const MOST_DESCRIPTION = 32_000;
/** What takes creating and deleting tasks; Salesforce has no right to one of the two, nor to notes alone. */
export const NOTE_PERMISSION = 'Edit Tasks';

/** The whole of what is ever created: a task that is done already, so that it stands in the record's past activity. */
type Task = {
  attributes: { type: 'Task' };
  Subject: string;
  Description: string;
  Status: string;
  ActivityDate: string;
} & ({ WhatId: string } | { WhoId: string });

const Found = z.object({
  Id: z.string(),
  Subject: z.string().nullable(),
  Description: z.string().nullable(),
  IsDeleted: z.boolean(),
});
const Status = z.object({ MasterLabel: z.string() });
const Results = z.array(
  z.object({
    id: z.string().nullish(),
    success: z.boolean(),
    errors: z.array(z.object({ statusCode: z.string(), message: z.string().nullish() })).default([]),
  }),
);

const subjectOf = ({ title, key }: CrmNote): string =>
  `${title.slice(0, MOST_SUBJECT - key.length - 3)} [${key}]`;
const descriptionOf = ({ body }: CrmNote): string => body.slice(0, MOST_DESCRIPTION);
const fold = (text: string | null): string => (text ?? '').replaceAll(/\s+/g, ' ').trim();

/** Notes as tasks: they need neither a feature to be switched on nor files, and every edition's timeline shows them. */
export function createNotes(client: Client): CrmNotes {
  let closed: Promise<string> | null = null;

  /** How the org calls a task that is done: administrators rename it. */
  const closedStatus = (options: CallOptions): Promise<string> => {
    const soql = 'SELECT MasterLabel FROM TaskStatus WHERE IsClosed = true ORDER BY SortOrder LIMIT 1';
    const asked = (closed ??= queryRows(client, soql, Status, options).then(
      ([first]) => first?.MasterLabel ?? 'Completed',
    ));
    asked.catch(() => {
      closed = null;
    });
    return asked;
  };

  return {
    batch: BATCH,
    callsToFind: 1,
    find: async (wanted, options) => {
      const subjects = wanted.map(({ note }) => quote(subjectOf(note)));
      const ids = wanted.flatMap(({ id }) => (id === null ? [] : quote(checkId(id))));
      const byId = ids.length === 0 ? '' : ` OR Id IN (${ids.join(', ')})`;
      const rows = await queryRows(
        client,
        `SELECT Id, Subject, Description, IsDeleted FROM Task WHERE Subject IN (${subjects.join(', ')})${byId}`,
        Found,
        options,
        // Also what somebody deleted: it was made, and is not to be made again.
        { all: true },
      );
      return new Map(
        wanted.flatMap(({ note, id }) => {
          const row = rows.find((one) => one.Id === id || one.Subject?.includes(`[${note.key}]`) === true);
          return row === undefined ? [] : [[note.key, describe(note, row)] as const];
        }),
      );
    },
    create: async (notes, options) => {
      const status = await closedStatus(options);
      const records = notes.map((note) => toTask(note, status));
      const body = JSON.stringify({ allOrNone: false, records });
      const headers = { 'content-type': 'application/json' };
      const { value } = await client.call(
        'notes create',
        ({ connection }) => connection.request({ method: 'POST', url: '/composite/sobjects', headers, body }),
        Results,
        { ...options, repeatable: false },
      );
      return readResults(value, notes.length);
    },
    remove: async (ids, options) => {
      const url = `/composite/sobjects?ids=${ids.map(checkId).join(',')}&allOrNone=false`;
      const { value } = await client.call(
        'notes delete',
        ({ connection }) => connection.request({ method: 'DELETE', url }),
        Results,
        { ...options, repeatable: false },
      );
      return readResults(value, ids.length).map((outcome, index): NoteOutcome =>
        // Somebody did it before.
        outcome.outcome === 'gone' ? { outcome: 'done', id: ids[index] ?? '' } : outcome,
      );
    },
  };
}

function describe(note: CrmNote, row: z.infer<typeof Found>): FoundNote {
  const asMade =
    fold(row.Subject) === fold(subjectOf(note)) && fold(row.Description) === fold(descriptionOf(note));
  return { id: row.Id, asMade, deleted: row.IsDeleted };
}

function toTask(note: CrmNote, status: string): Task {
  const object = asSalesforceObject(note.object);
  if (object === 'Contact') throw new Error('Contacts carry no Fieldnote fields; no note is made on them');
  if (!/^[A-Za-z0-9]{15,18}$/.test(note.externalId))
    throw new Error(`"${note.externalId}" is no Salesforce id`);
  return {
    attributes: { type: 'Task' },
    Subject: subjectOf(note),
    Description: descriptionOf(note),
    Status: status,
    ActivityDate: note.at.slice(0, 10),
    // Leads are people to an activity, and then it may name no account (object reference, Task.WhatId).
    ...(object === 'Lead' ? { WhoId: note.externalId } : { WhatId: note.externalId }),
  };
}

/** Tasks' ids begin with 00T: nothing else is ever deleted. */
function checkId(id: string): string {
  if (!/^00T[A-Za-z0-9]{12,15}$/.test(id)) throw new Error(`"${id}" is no id of a task`);
  return id;
}

function readResults(results: z.infer<typeof Results>, expected: number): NoteOutcome[] {
  // One that was made and is not named is found by its key.
  if (results.length !== expected || results.some(({ success, id }) => success && !id))
    throw new ProviderError({
      provider,
      operation: 'notes',
      kind: 'malformed',
      message: `the answer does not say of each of ${expected} notes what became of it`,
      maybeApplied: true,
    });
  return results.map(({ id, success, errors }): NoteOutcome => {
    if (success) return { outcome: 'done', id: id ?? '' };
    const [error] = errors;
    const code = error?.statusCode ?? 'UNKNOWN';
    const words = error?.message ?? 'refused without a reason';
    if (isGone(code)) return { outcome: 'gone', message: `${code}: ${words}` };
    const message = /INSUFFICIENT|CANNOT_INSERT/.test(code)
      ? `${words} (notes take the permission "${NOTE_PERMISSION}")`
      : words;
    return { outcome: 'rejected', code, message, retryable: isPassing(code) };
  });
}
