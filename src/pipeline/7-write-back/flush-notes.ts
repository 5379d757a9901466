import type { CallOptions } from '../../connectors/call.ts';
import type { CrmNote, CrmNotes, FoundNote, NoteOutcome } from '../../connectors/crm-notes.ts';
import { ProviderDownError, ProviderError } from '../../errors.ts';
import { claimNotes } from '../store/writes-notes.ts';
import type { NoteWrite } from '../store/writes-notes.ts';
import { lockConnection } from '../store/writes-outbox.ts';
import type { Claim } from '../store/writes-outbox.ts';
import { markSending, releaseAndSettle } from '../store/writes-settle.ts';
import type { Release, Settlement } from '../store/writes-settle.ts';
import { lookAgainLater, noteUnheard } from '../store/writes-unheard.ts';
import { decideNote, mustLook } from './decide-note.ts';
import { explainGone, explainRefusal, explainRow } from './explain-refusal.ts';
import { isOver, isRefusal } from './flush-read.ts';
import type { FlushSession } from './flush-session.ts';
import { toCrmNote } from './note-text.ts';
import { putOff } from './put-off.ts';

const RETRY_FIRST_MS = 1_000;
const MOST_BROKEN_CALLS = 3;

type Task = { row: NoteWrite; note: CrmNote; id: string | null };

/**
 * Makes and removes the notes that may be now, one batch of them. A note whose making was never heard of is looked for by its
 * key before it is made again. Returns false when there is nothing more to do.
 */
export async function flushNotes(
  session: FlushSession,
  options: { askedOnly: boolean; fullOnly: boolean },
): Promise<boolean> {
  const { crm, connectionId, leaseMs } = session;
  const { notes } = crm;
  if (notes === undefined) return false;
  const { notes: rows, more } = await session.inTx(async (tx) => {
    await lockConnection(tx, connectionId);
    const [limit, least] = [notes.batch, options.fullOnly ? notes.batch : 1];
    return claimNotes(tx, connectionId, { limit, least, askedOnly: options.askedOnly, leaseMs });
  });
  if (rows.length === 0) return more;
  for (const { id, attempt } of rows) session.claims.set(id, { id, attempt });
  const tasks = rows.map((row): Task => {
    const id = row.noteId === null || row.undoes === null ? null : String(row.noteId);
    return { row, note: toCrmNote(session.workspaceId, row), id };
  });
  const found = await lookFor(session, notes, tasks.filter(({ row }) => mustLook(row))); // prettier-ignore
  const makes: Task[] = [];
  const removes: Task[] = [];
  const settlements: (Settlement & { from: 'planned' | 'sending' })[] = [];
  const releases: Release[] = [];
  const unheard: Claim[] = [];
  for (const task of tasks) {
    const { id, attempt, state, undoes, sentAt, bandState, mayStillLand } = task.row;
    const sending = state === 'sending';
    const decision = decideNote({ undoes, sending, sentAt, bandState, found: found.get(task.note.key) });
    const claim = { id, attempt };
    const from = sending ? ('sending' as const) : ('planned' as const);
    switch (decision.verdict) {
      case 'make':
        makes.push(task);
        break;
      case 'remove':
        removes.push({ ...task, id: found.get(task.note.key)?.id ?? task.id });
        break;
      case 'again':
        if (mayStillLand) unheard.push(claim);
        else releases.push({ ...claim, delayMs: 0, failed: false });
        break;
      case 'applied':
        settlements.push({ ...claim, from, state: 'applied', reason: null, returnedValue: decision.noteId });
        break;
      default:
        settlements.push({ ...claim, from, state: decision.verdict, reason: decision.reason });
    }
  }
  await session.inTx((tx) => lookAgainLater(tx, unheard, session.uncertainMs));
  for (const { id } of unheard) session.claims.delete(id);
  for (const from of ['planned', 'sending'] as const)
    await settle(session, from, settlements.filter((one) => one.from === from), from === 'planned' ? releases : []); // prettier-ignore
  await send(session, makes, (sent, call) =>
    notes.create(
      sent.map(({ note }) => note),
      call,
    ),
  );
  await send(session, removes, (sent, call) =>
    notes.remove(
      sent.flatMap(({ id }) => id ?? []),
      call,
    ),
  );
  return true;
}

/** What of these stands on the timelines, by key. */
export async function lookFor(
  session: Pick<FlushSession, 'call' | 'calls'>,
  notes: CrmNotes,
  wanted: readonly { note: CrmNote; id: string | null }[],
): Promise<Map<string, FoundNote>> {
  const found = new Map<string, FoundNote>();
  for (let at = 0; at < wanted.length; at += notes.batch) {
    const batch = wanted.slice(at, at + notes.batch);
    for (const [key, note] of await session.call('read', (options) => notes.find(batch, options)))
      found.set(key, note);
    // Where the id is known, one call is enough.
    if (batch.some(({ id }) => id === null)) session.calls.read += notes.callsToFind - 1;
  }
  return found;
}

type Act = (tasks: readonly Task[], options: CallOptions) => Promise<NoteOutcome[]>;

async function send(session: FlushSession, tasks: readonly Task[], act: Act): Promise<void> {
  if (tasks.length === 0) return;
  session.signal.throwIfAborted();
  const departures = tasks.map(({ row: { id, attempt, runId, undoes, text } }) => ({
    id,
    attempt,
    runId,
    oldValue: undoes === null ? null : text,
    baseModifiedAt: null,
    conditional: false,
  }));
  const leasedAt = performance.now();
  const times = { leaseMs: session.leaseMs, longestWriteMs: session.crm.longestWriteMs };
  const gone = await session.inTx((tx) => markSending(tx, departures, times));
  for (const { id } of departures) session.claims.delete(id);
  await sendDeparted(session, tasks.filter(({ row }) => gone.has(row.id)), act, leasedAt); // prettier-ignore
}

async function sendDeparted(
  session: FlushSession,
  tasks: readonly Task[],
  act: Act,
  leasedAt: number,
): Promise<void> {
  if (tasks.length === 0) return;
  const claims = tasks.map(({ row: { id, attempt } }) => ({ id, attempt }));
  // This process stood still, and others may have made them meanwhile: what is still ours is looked for again.
  if (session.timeLeft(leasedAt) <= 0) return;
  let outcomes: NoteOutcome[];
  try {
    outcomes = await session.call('write', (options) => act(tasks, options), leasedAt);
  } catch (error) {
    if (isRefusal(error)) {
      if (tasks.length === 1)
        return settle(session, 'sending', claims.map((claim) => ({ ...claim, state: 'rejected', reason: explainRefusal(error) })), []); // prettier-ignore
      // Nothing of it took effect: the one that it is about must not harm its neighbours.
      const middle = Math.ceil(tasks.length / 2);
      await sendDeparted(session, tasks.slice(0, middle), act, leasedAt);
      return sendDeparted(session, tasks.slice(middle), act, leasedAt);
    }
    const notSent =
      error instanceof ProviderDownError ||
      (error instanceof ProviderError && !error.maybeApplied && error.kind !== 'malformed');
    if (notSent) {
      await settle(session, 'sending', [], claims.map((claim) => ({ ...claim, delayMs: 0, failed: false }))); // prettier-ignore
      throw error;
    }
    // It may have taken effect, or may yet: looked for.
    const { uncertainMs } = session;
    const mayLandMs = isOver(error) ? uncertainMs : session.crm.longestWriteMs;
    await session.inTx((tx) => noteUnheard(tx, claims, { lookAfterMs: uncertainMs, mayLandMs }));
    session.brokenCalls += 1;
    if (
      session.signal.aborted ||
      !(error instanceof ProviderError) ||
      session.brokenCalls >= MOST_BROKEN_CALLS
    )
      throw error;
    return;
  }
  session.brokenCalls = 0;
  const settlements: Settlement[] = [];
  const releases: Release[] = [];
  for (const [index, { row }] of tasks.entries()) {
    const outcome = outcomes[index];
    // Not a word about it: its lease runs out, and it is looked for.
    if (outcome === undefined) continue;
    const judged = judge(row, outcome);
    if ('state' in judged) settlements.push(judged);
    else releases.push(judged);
  }
  await settle(session, 'sending', settlements, releases);
}

function judge(row: NoteWrite, outcome: NoteOutcome): Settlement | Release {
  const claim = { id: row.id, attempt: row.attempt };
  switch (outcome.outcome) {
    case 'done':
      return { ...claim, state: 'applied', reason: null, returnedValue: row.undoes === null ? outcome.id : null }; // prettier-ignore
    case 'gone':
      return { ...claim, state: 'rejected', reason: explainGone(outcome.message) };
    case 'rejected': {
      const reason = explainRow(outcome.code, outcome.message);
      return outcome.retryable
        ? putOff(row, reason, RETRY_FIRST_MS)
        : { ...claim, state: 'rejected', reason };
    }
  }
}

async function settle(
  session: FlushSession,
  from: 'planned' | 'sending',
  settlements: readonly Settlement[],
  releases: readonly Release[],
): Promise<void> {
  if (settlements.length === 0 && releases.length === 0) return;
  const settled = await session.inTx((tx) => releaseAndSettle(tx, from, { releases, settlements }));
  for (const { id } of [...settlements, ...releases]) session.claims.delete(id);
  for (const { id, state } of settlements) if (settled.has(id)) session.count(state, 1);
}
