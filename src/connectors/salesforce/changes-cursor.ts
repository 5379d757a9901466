import { z } from 'zod';
import type { SyncCursor } from '../crm.ts';
import { readInstant } from './fields.ts';
import type { Row } from './to-record.ts';

/**
 * How far before the last row each sync looks again: a transaction that commits late carries an earlier
 * SystemModstamp, by ten minutes at most (Apex Developer Guide, "Execution Governors and Limits": the longest transaction). Rows seen
 * before may come again; whoever stores them tells by their content.
 */
const LOOKBACK_MS = 11 * 60_000;

const ChangesCursor = z.object({
  /** SystemModstamp up to which everything was read by syncs that ended; null: none has. */
  since: z.string().nullable(),
  /** The server's time when the sync under way began; null: none is. */
  started: z.string().nullable(),
  /** The last row that it read in the order of stamps, to go on behind. */
  afterStamp: z.string().nullable(),
  afterId: z
    .string()
    .regex(/^\w{18}$/)
    .nullable(),
  /** The bulk query job that reads the rest, in no order; null: none does. */
  job: z
    .string()
    .regex(/^\w{15,18}$/)
    .nullable()
    .default(null),
  /** The set of its results to read next; null: the first. */
  locator: z.string().nullable().default(null),
  /** The latest stamp among the rows read so far, whichever way they came. */
  latest: z.string().nullable().default(null),
  /** Fields that rows before may have come without, since they could not be seen; null: that is not known. */
  unseen: z.string().nullable().default(null),
});
export type ChangesCursor = z.infer<typeof ChangesCursor>;

const NEW: ChangesCursor = {
  since: null,
  started: null,
  afterStamp: null,
  afterId: null,
  job: null,
  locator: null,
  latest: null,
  unseen: null,
};

/** A cursor that we cannot read means reading everything: nothing is lost by it. */
export function readCursor(cursor: SyncCursor | null): ChangesCursor {
  const parsed = ChangesCursor.safeParse(cursor ?? NEW);
  return parsed.success ? parsed.data : NEW;
}

/**
 * Begins anew where a field can be seen by now that rows came without before: those that nobody changes would never tell it.
 * @param unseen the fields that can't be seen now
 * @returns with the names of those fields
 */
export function lookAgain(
  state: ChangesCursor,
  unseen: readonly string[],
): { state: ChangesCursor; shown: string[] } {
  const before = state.unseen?.split(' ').filter((name) => name !== '') ?? [];
  const shown = before.filter((name) => !unseen.includes(name));
  return { state: { ...(shown.length > 0 ? NEW : state), unseen: unseen.join(' ') }, shown };
}

/** The WHERE of what is left to read, for a query that goes by SystemModstamp, then Id. */
export function conditionInOrder(state: ChangesCursor): string {
  const { afterStamp, afterId } = state;
  if (afterStamp === null || afterId === null) return conditionSince(state);
  return ` WHERE (SystemModstamp > ${literal(afterStamp)} OR (SystemModstamp = ${literal(afterStamp)} AND Id > '${afterId}'))`;
}

/**
 * The WHERE of what is left to read, for a bulk query: it is cut into chunks by Id, so that a filter of ours on Id has no
 * place there. Rows of the last stamp come again.
 */
export function conditionSince({ since, afterStamp }: ChangesCursor): string {
  if (afterStamp !== null) return ` WHERE SystemModstamp >= ${literal(afterStamp)}`;
  return since === null ? '' : ` WHERE SystemModstamp >= ${literal(since, -LOOKBACK_MS)}`;
}

/** An instant as SOQL writes it, unquoted. */
function literal(instant: string, shiftMs = 0): string {
  return new Date(Date.parse(instant) + shiftMs).toISOString();
}

/**
 * Moves behind the last row of a page that comes in order. Rows changed while we read carry a stamp after the start and may
 * stand anywhere, so they never move the cursor: the next sync reads them again.
 */
export function advance(state: ChangesCursor, rows: readonly Row[]): ChangesCursor {
  for (const row of rows.toReversed()) {
    const stamp = readInstant(row.SystemModstamp);
    if (stamp !== null && state.started !== null && stamp <= state.started)
      return { ...state, afterStamp: stamp, afterId: row.Id };
  }
  return state;
}

/** Keeps the latest stamp of rows that come in no order, or can't be gone on behind, under the same rule. */
export function noteLatest(state: ChangesCursor, stamps: readonly string[]): ChangesCursor {
  let { latest } = state;
  for (const stamp of stamps)
    if (state.started !== null && stamp <= state.started && stamp > (latest ?? '')) latest = stamp;
  return { ...state, latest };
}

/** The job is of no use any more: what it had read does not count, since its rows came in no order. */
export function forgetJob(state: ChangesCursor): ChangesCursor {
  return { ...state, job: null, locator: null, latest: null };
}

/** Everything is read: the next sync begins at the latest row. */
export function finish({ since, afterStamp, latest, unseen }: ChangesCursor): ChangesCursor {
  const stamps = [since, afterStamp, latest].filter((stamp) => stamp !== null);
  return { ...NEW, since: stamps.toSorted().at(-1) ?? null, unseen };
}
