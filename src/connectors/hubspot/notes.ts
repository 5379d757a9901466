import { z } from 'zod';
import type { CallOptions } from '../call.ts';
import type { CrmNote, CrmNotes, FoundNote, NoteOutcome } from '../crm-notes.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { HubspotApi } from './api.ts';
import { objectPath } from './fields.ts';
import { escapeHtml, toHtml, toPlain } from './note-html.ts';
import { Anything } from './shapes.ts';

// CRM objects guide: a batch takes up to 100.
const BATCH = 100;
/** Association types that HubSpot defines (associations guide, "Association type ID values"): note to company, note to contact. */
const TYPE_IDS = { companies: 190, contacts: 202 } as const;
// Ids grow with time, and what is looked for was made minutes ago: a record's newest notes are enough.
const NEWEST = 50;
// A page holds up to 500 associations; nobody's record has ten thousand notes.
const MOST_PAGES = 20;

const notesPath = `/crm/objects/${HUBSPOT_API_VERSION}/notes`;

const Associations = z.object({
  results: z.array(
    z.object({
      from: z.object({ id: z.string() }),
      to: z.array(z.object({ toObjectId: z.union([z.string(), z.number()]).transform(String) })),
      paging: z.object({ next: z.object({ after: z.string() }).optional() }).nullish(),
    }),
  ),
});
const Note = z.object({
  id: z.string(),
  archived: z.boolean().optional(),
  objectWriteTraceId: z.string().optional(),
  properties: z.object({ hs_note_body: z.string().nullish() }),
});
type Note = z.infer<typeof Note>;
const Notes = z.object({ results: z.array(Note) });
const Created = z.object({
  results: z.array(Note),
  errors: z
    .array(
      z.object({
        category: z.string().catch('UNKNOWN'),
        message: z.string().catch(''),
        context: z.record(z.string(), z.array(z.string())).catch({}),
      }),
    )
    .nullish()
    .transform((errors) => errors ?? []),
});

/** The whole text as HubSpot shows it; our key stands at its end, where it disturbs least. */
const bodyOf = ({ title, body, key }: CrmNote): string =>
  `<p><strong>${escapeHtml(title)}</strong></p>${toHtml(body)}<p>[${key}]</p>`;
const hasKey = ({ properties }: Note, key: string): boolean =>
  properties.hs_note_body?.includes(`[${key}]`) === true;

/** Notes on the timelines of companies and contacts. They take the scopes that contacts take, and no other. */
export function createNotes(api: HubspotApi): CrmNotes {
  const read = async (ids: readonly string[], options: CallOptions): Promise<Note[]> => {
    const notes: Note[] = [];
    for (let at = 0; at < ids.length; at += BATCH) {
      const inputs = ids.slice(at, at + BATCH).map((id) => ({ id }));
      const body = { inputs, properties: ['hs_note_body'], propertiesWithHistory: [] };
      const path = `${notesPath}/batch/read`;
      const request = { operation: 'notes read', method: 'POST' as const, path, body, schema: Notes, repeatable: true }; // prettier-ignore
      notes.push(...(await api.send(request, options)).data.results);
    }
    return notes;
  };

  return {
    batch: BATCH,
    callsToFind: 2,
    find: async (wanted, options) => {
      const ids = new Set(wanted.flatMap(({ id }) => id ?? []));
      // Associations and not a search, which shows a note only some moments after it was made.
      for (const object of new Set(wanted.map(({ note }) => note.object))) {
        const records = wanted.flatMap(({ note, id }) => (id === null && note.object === object ? note.externalId : [])); // prettier-ignore
        for (const id of await listNewest(api, objectPath(object), records, options)) ids.add(id);
      }
      const notes = await read([...ids], options);
      const found = wanted.flatMap(({ note, id }) => {
        const held = notes.find((one) => one.id === id || hasKey(one, note.key));
        return held === undefined ? [] : [[note.key, describe(note, held)] as const];
      });
      return new Map(found);
    },
    create: async (notes, options) => {
      const body = { inputs: notes.map(toInput) };
      const path = `${notesPath}/batch/create`;
      const request = { operation: 'notes create', method: 'POST' as const, path, body, schema: Created, repeatable: false }; // prettier-ignore
      const { results, errors } = (await api.send(request, options)).data;
      return notes.map((note): NoteOutcome => {
        const made = results.find((one) => one.objectWriteTraceId === note.key || hasKey(one, note.key));
        if (made !== undefined) return { outcome: 'done', id: made.id };
        const error = errors.find(({ context }) => context.objectWriteTraceId?.includes(note.key));
        if (error === undefined) return { outcome: 'rejected', code: 'NOT_ANSWERED', message: 'HubSpot took the batch and said nothing of this note', retryable: true }; // prettier-ignore
        if (error.category === 'OBJECT_NOT_FOUND') return { outcome: 'gone', message: error.message };
        const retryable = error.category !== 'VALIDATION_ERROR';
        return { outcome: 'rejected', code: error.category, message: error.message, retryable };
      });
    },
    remove: async (ids, options) => {
      const path = `${notesPath}/batch/archive`;
      const body = { inputs: ids.map((id) => ({ id })) };
      const request = { operation: 'notes archive', method: 'POST' as const, path, body, schema: Anything, repeatable: false }; // prettier-ignore
      await api.send(request, options);
      return ids.map((id) => ({ outcome: 'done', id }));
    },
  };
}

/** Ids of the newest notes of each record. */
async function listNewest(
  api: HubspotApi,
  from: 'companies' | 'contacts',
  records: readonly string[],
  options: CallOptions,
): Promise<string[]> {
  const tied = new Map<string, string[]>();
  let inputs: { id: string; after?: string }[] = [...new Set(records)].map((id) => ({ id }));
  const path = `/crm/associations/${HUBSPOT_API_VERSION}/${from}/notes/batch/read`;
  for (let page = 0; inputs.length > 0 && page < MOST_PAGES; page += 1) {
    const request = { operation: 'note associations', method: 'POST' as const, path, body: { inputs }, schema: Associations, repeatable: true }; // prettier-ignore
    const { results } = (await api.send(request, options)).data;
    for (const { from: record, to } of results)
      tied.set(record.id, [...(tied.get(record.id) ?? []), ...to.map(({ toObjectId }) => toObjectId)]);
    inputs = results.flatMap(({ from: record, paging }) =>
      paging?.next === undefined ? [] : { id: record.id, after: paging.next.after },
    );
  }
  return [...tied.values()].flatMap((ids) =>
    ids.toSorted((one, other) => Number(other) - Number(one)).slice(0, NEWEST),
  );
}

function describe(note: CrmNote, held: Note): FoundNote {
  const asMade = toPlain(held.properties.hs_note_body ?? '') === toPlain(bodyOf(note));
  return { id: held.id, asMade, deleted: held.archived === true };
}

/** The whole of what is ever created: a note and the record that it belongs to. */
function toInput(note: CrmNote) {
  const associationTypeId = TYPE_IDS[objectPath(note.object)];
  return {
    objectWriteTraceId: note.key,
    properties: { hs_timestamp: note.at, hs_note_body: bodyOf(note) },
    associations: [
      {
        to: { id: note.externalId },
        types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId }],
      },
    ],
  };
}
