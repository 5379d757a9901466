import { z } from 'zod';
import { FIELDS } from '../../connectors/crm-fields.ts';
import { RUN_KINDS, RUN_STATES, STARTED_VIA } from '../../pipeline/store/runs.ts';
import { VERDICTS } from '../../pipeline/store/writes-rehearsal.ts';
import { NOTE, WRITE_STATES } from '../../pipeline/store/writes.ts';

const time = z.iso.datetime();
const count = z.int().min(0);
const crm = z.enum(['salesforce', 'hubspot']);
const value = z.union([z.string(), z.number(), z.null()]);
const next = z.string().nullable().describe('cursor of the next page; null: this is the last');
export const WrittenField = z.enum([...FIELDS.map(({ key }) => key), NOTE]);

const Starter = z
  .object({ via: z.enum(STARTED_VIA), name: z.string().nullable() })
  .nullable()
  .describe('who asked for it, by which way; null: nobody noted it');

const Run = z.object({
  id: z.uuid(),
  kind: z.enum(RUN_KINDS),
  state: z.enum(RUN_STATES),
  model: z.string(),
  refresh: z.boolean(),
  dryRun: z.boolean(),
  asOf: z.string().describe('ISO day from which freshness is reckoned'),
  undoes: z.uuid().nullable().describe('the run that it puts back'),
  startedBy: Starter,
  pausedBecause: z.string().nullable().describe('why it paused by itself, with what to do'),
  createdAt: time,
  finishedAt: time.nullable(),
  undoneBy: z.array(
    z.object({
      run: z.uuid(),
      state: z.enum(RUN_STATES).describe('planning: nothing was put back yet'),
      startedBy: Starter,
      at: time,
    }),
  ),
});
export const RunList = z.object({ runs: z.array(Run), next });

const WriteCount = z.object({
  crm,
  connection: z.string().describe('its name'),
  object: z.string(),
  state: z.enum(WRITE_STATES),
  records: count,
  fields: count,
});
export const RunState = Run.extend({
  over: z.boolean().describe('nothing more happens by itself'),
  companies: z.object({
    total: count,
    queued: count,
    working: count,
    done: count,
    failed: count,
    cancelled: count,
  }),
  perSecond: z.number().describe('companies'),
  remainingMs: z.number().nullable().describe('to go at this pace; null: no company is done yet'),
  usd: z.number().describe('spent so far'),
  writes: z.array(WriteCount).describe('what became of what it wanted written'),
  waiting: z.object({ open: count, sendable: count }).describe('fields that are not settled, and those of them that can be sent now'),
  troubles: z
    .array(z.object({ error: z.string(), failed: count, retrying: count, domains: z.array(z.string()) }))
    .describe('what went wrong with companies, the commonest first, 20 at most'),
  writeTroubles: z
    .array(z.object({ state: z.enum(WRITE_STATES), field: z.string(), crm, reason: z.string().nullable(), writes: count }))
    .describe('why fields conflict or were rejected, the commonest first, 20 at most'),
}); // prettier-ignore

export const RunAsk = z.strictObject({
  dryRun: z.boolean().default(false).describe('write nothing: tell what would be written'),
  refresh: z.boolean().default(false).describe('read the sources again whatever their age'),
  limit: z.int().min(1).max(1_000_000).optional().describe('at most so many companies'),
  domains: z
    .array(z.string().min(1).max(253))
    .min(1)
    .max(1_000)
    .optional()
    .describe('only these companies, whether a CRM knows them or not; unset: all that are not left out'),
});

export const UndoAsk = z.strictObject({
  dryRun: z.boolean().default(false).describe('write nothing: tell what would be put back'),
});
export const Undo = z.object({
  run: RunState.describe('the undo, which is a run of its own'),
  fields: count.describe('fields that are to be put back; those so far while its state is "planning"'),
  overtaken: count.describe('fields that a later run wrote since, so far: they stay as they are'),
  unsettled: z
    .array(z.object({ crm, connection: z.string(), fields: count }))
    .describe('fields of which nobody knows whether they landed: they are not undone'),
});

export const Rehearsal = z.object({
  run: z.uuid(),
  state: z
    .enum(['waiting', 'read', 'failed', 'none'])
    .describe(
      'waiting: the CRMs are still to be read; none: nobody asked for that, or its reader was stopped',
    ),
  why: z.string().nullable().describe('why it failed'),
  readAt: time.nullable(),
  counts: z.object({
    'would-apply': count,
    'would-conflict': count,
    'would-reject': count,
    unchanged: count,
  }),
  calls: z
    .object({
      read: count,
      write: count,
      readBack: count,
      mostRead: count
        .nullable()
        .describe('the most, while calls succeed and nobody else changes the records; null: not reckoned'),
      mostReadBack: count.nullable(),
      writeEachFiveMinutes: count.describe('write calls that each full five minutes of the run may add'),
      readEachFiveMinutes: count.describe('the same of calls to read, and again of those to read back'),
    })
    .nullable()
    .describe('calls to the CRMs that the real run would take: the fewest'),
  unread: z
    .array(z.object({ connectionId: z.uuid(), because: z.string() }))
    .describe('connections that could not be read to the end'),
  fields: z.array(
    z.object({
      id: z.int(),
      connectionId: z.uuid(),
      connection: z.string().describe('its name'),
      crm,
      object: z.string(),
      externalId: z.string(),
      companyId: z.uuid(),
      field: WrittenField,
      old: value.describe('what the CRM holds; null also where it could not be read'),
      new: value,
      verdict: z.enum(VERDICTS),
      reason: z.string().nullable(),
    }),
  ),
  next,
});

const Write = z.object({
  id: z.int(),
  runId: z.uuid().nullable().describe('null: it puts back a person’s value that a write of ours fell on'),
  startedBy: Starter,
  connectionId: z.uuid(),
  connection: z.string().describe('its name'),
  crm,
  object: z.string(),
  externalId: z.string(),
  companyId: z.uuid(),
  field: WrittenField,
  oldValue: value.describe('what the CRM held before; of a conflict what stands there'),
  newValue: value,
  returnedValue: value.describe('what the CRM held after'),
  oldRead: z.boolean().describe('false: oldValue is not known'),
  readBack: z.boolean().describe('false: returnedValue is not known'),
  state: z.enum(WRITE_STATES),
  verdict: z.enum(VERDICTS).nullable().describe('what would become of it, for a rehearsed one'),
  reason: z.string().nullable(),
  editor: z
    .object({ name: z.string(), of: z.enum(['field', 'record']) })
    .nullable()
    .describe('who made the change that stands against it'),
  undoes: z.int().nullable().describe('the write that it puts back'),
  attempt: count,
  failures: count,
  plannedAt: time,
  sentAt: time.nullable(),
  settledAt: time.nullable(),
});
export const WriteList = z.object({ writes: z.array(Write), next });

/** The schemas of runs and writes that the document names. */
export const RUN_SHAPES = { RunList, RunState, RunAsk, UndoAsk, Undo, Rehearsal, WriteList };
