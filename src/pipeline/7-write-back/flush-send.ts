import type { WriteOutcome } from '../../connectors/crm.ts';
import type { FieldKey } from '../../connectors/crm-fields.ts';
import { ProviderDownError, ProviderError } from '../../errors.ts';
import { growGroup, shrinkGroup } from '../store/write-groups.ts';
import { recordKey } from '../store/writes-ledger.ts';
import { renewLeases } from '../store/writes-outbox.ts';
import { markSending, releaseAndSettle } from '../store/writes-settle.ts';
import type { Release, Settlement } from '../store/writes-settle.ts';
import { noteUnheard } from '../store/writes-unheard.ts';
import type { DecidedRow } from './decide-record.ts';
import { explainConvertedUndo, explainRefusal, explainRow, isConverted, wordFor } from './explain-refusal.ts';
import { settleGone } from './flush-gone.ts';
import type { GoneRow } from './flush-gone.ts';
import { readBackLanded } from './flush-read-back.ts';
import { isOver, isRefusal } from './flush-read.ts';
import type { ReadyRecord } from './flush-decide.ts';
import type { FlushSession } from './flush-session.ts';
import { putOff } from './put-off.ts';

const RETRY_FIRST_MS = 1_000;
// So many write calls in a row that broke without an answer: the CRM is not well, and each leaves rows to be read again.
const MOST_BROKEN_CALLS = 3;

/** Sends the groups, one call each, and settles every field by its record's own outcome. */
export async function sendGroups(
  session: FlushSession,
  groups: readonly (readonly ReadyRecord[])[],
): Promise<void> {
  for (const group of groups)
    for (let at = 0; at < group.length;) {
      // Asked anew each time: a call before this one may have proved too large.
      const part = group.slice(at, at + (session.writeGroup ?? group.length));
      at += part.length;
      // Before the lease begins: however long this process stands still, its call is over before another takes its rows.
      const leasedAt = performance.now();
      const departed = await depart(session, part);
      if (departed.length > 0) await sendDeparted(session, departed, leasedAt);
      await readBackLanded(session, 'full-batches');
    }
}

/** Marks the group's rows as on their way; leaves out what is no longer ours to send. */
async function depart(session: FlushSession, group: readonly ReadyRecord[]): Promise<ReadyRecord[]> {
  const departures = group.flatMap(({ rows, modifiedAt, write: { unmodifiedSince } }) =>
    rows.map(({ write: { id, attempt, runId }, present }) => ({
      id,
      attempt,
      runId,
      oldValue: present,
      baseModifiedAt: modifiedAt,
      conditional: unmodifiedSince !== null,
    })),
  );
  session.signal.throwIfAborted();
  const times = { leaseMs: session.leaseMs, longestWriteMs: session.crm.longestWriteMs };
  const gone = await session.inTx((tx) => markSending(tx, departures, times));
  for (const { id } of departures) session.claims.delete(id);
  return group.flatMap((record) => {
    const rows = record.rows.filter(({ write }) => gone.has(write.id));
    if (rows.length === 0) return [];
    const fields = Object.fromEntries(rows.map(({ write }) => [write.field, write.newValue]));
    return [{ ...record, rows, write: { ...record.write, fields } }];
  });
}

async function sendDeparted(
  session: FlushSession,
  group: readonly ReadyRecord[],
  leasedAt: number,
): Promise<void> {
  if (session.timeLeft(leasedAt) <= 0) {
    // This process stood still. Others may have sent these values, and newer ones, meanwhile: what is still ours is read again.
    await settle(session, [], claimsOf(group).map((claim) => ({ ...claim, delayMs: 0, failed: false }))); // prettier-ignore
    return;
  }
  let outcomes: WriteOutcome[];
  const began = performance.now();
  const isSlow = (): boolean => performance.now() - began >= session.slowMs;
  try {
    const writes = group.map((record) => record.write);
    outcomes = await session.call('write', (options) => session.crm.writeRecords(writes, options), leasedAt);
  } catch (error) {
    await handleFailure(session, group, error, isSlow());
    return;
  }
  session.brokenCalls = 0;
  const { writeGroup } = session;
  if (writeGroup !== null && group.length === writeGroup && !isSlow())
    session.writeGroup = await session.inTx((tx) => growGroup(tx, session.connectionId, writeGroup));
  for (const { key, write } of group) session.sent.add(key, write);
  const found = new Map(
    outcomes.map((outcome) => [recordKey({ connectionId: session.connectionId, ...outcome }), outcome]),
  );
  await settleOutcomes(
    session,
    group.flatMap((record) => {
      const outcome = found.get(record.key);
      // Not a word about it: the lease runs out, and the record is read again.
      return outcome === undefined ? [] : [{ record, outcome }];
    }),
  );
}

async function handleFailure(
  session: FlushSession,
  group: readonly ReadyRecord[],
  error: unknown,
  wasSlow: boolean,
): Promise<void> {
  const claims = claimsOf(group);
  if (isRefusal(error)) {
    // One bad row must not harm its neighbours: halve until it stands alone.
    if (group.length === 1) {
      const reason = explainRefusal(error);
      const rows = group.flatMap((record) => record.rows);
      await settle(session, rows.map(({ write }) => ({ id: write.id, attempt: write.attempt, state: 'rejected', reason: wordFor(write, reason) })), []); // prettier-ignore
      return;
    }
    const middle = Math.ceil(group.length / 2);
    for (const half of [group.slice(0, middle), group.slice(middle)]) {
      const leasedAt = performance.now();
      const ours = await session.inTx((tx) => renewLeases(tx, claimsOf(half), session.leaseMs));
      const still = half.filter((record) => record.rows.every(({ write }) => ours.has(write.id)));
      if (still.length > 0) await sendDeparted(session, still, leasedAt);
    }
    return;
  }
  const notSent =
    error instanceof ProviderDownError ||
    (error instanceof ProviderError && !error.maybeApplied && error.kind !== 'malformed');
  if (notSent) {
    await settle(session, [], claims.map((claim) => ({ ...claim, delayMs: 0, failed: false }))); // prettier-ignore
    throw error;
  }
  // It may have taken effect, or may yet: the rows stay on their way until reading tells.
  await session.inTx(async (tx) => {
    const { uncertainMs, crm, connectionId } = session;
    const mayLandMs = isOver(error) ? uncertainMs : crm.longestWriteMs;
    // The connection first, as whoever claims its rows has it.
    if (wasSlow) session.writeGroup = await shrinkGroup(tx, connectionId, group.length);
    await noteUnheard(tx, claims, { lookAfterMs: uncertainMs, mayLandMs });
  });
  session.brokenCalls += 1;
  if (session.signal.aborted || !(error instanceof ProviderError) || session.brokenCalls >= MOST_BROKEN_CALLS)
    throw error;
}

const claimsOf = (group: readonly ReadyRecord[]): { id: number; attempt: number }[] =>
  group.flatMap((record) => record.rows.map(({ write: { id, attempt } }) => ({ id, attempt })));

async function settleOutcomes(
  session: FlushSession,
  answers: readonly { record: ReadyRecord; outcome: WriteOutcome }[],
): Promise<void> {
  const settlements: Settlement[] = [];
  const releases: Release[] = [];
  const gone: GoneRow[] = [];
  for (const { record, outcome } of answers) {
    if (outcome.outcome === 'gone') {
      gone.push(...landedRows(record).map((row) => ({ ...row, message: outcome.message })));
      continue;
    }
    const blamed = findBlamed(record, outcome);
    for (const row of record.rows) {
      const judged = judgeOutcome(row, outcome, blamed);
      if ('state' in judged) settlements.push(judged);
      else releases.push(judged);
    }
  }
  const settled = await settle(session, settlements, releases);
  for (const { record } of answers)
    session.landed.push(...landedRows(record).filter(({ id }) => settled.applied.has(id)));
  await settleGone(session, gone);
}

const landedRows = ({ rows, modifiedAt }: ReadyRecord) =>
  rows.map(({ write, present }) => ({
    ...write,
    value: write.newValue,
    before: present,
    baseModifiedAt: modifiedAt === null ? null : new Date(modifiedAt),
  }));

/**
 * The fields that a refusal is about. One that names none of what was sent (an administrator's rule whose words stand at another
 * field) is about all of it: sent again, the others would be refused again, for ever.
 */
function findBlamed({ rows }: ReadyRecord, outcome: WriteOutcome): ReadonlySet<FieldKey> {
  const sent = rows.map(({ write }) => write.field);
  if (outcome.outcome !== 'rejected') return new Set();
  const named = sent.filter((field) => outcome.fields.includes(field));
  return new Set(named.length > 0 ? named : sent);
}

function judgeOutcome(
  { write, over }: DecidedRow,
  outcome: Exclude<WriteOutcome, { outcome: 'gone' }>,
  blamed: ReadonlySet<FieldKey>,
): Settlement | Release {
  const claim = { id: write.id, attempt: write.attempt };
  switch (outcome.outcome) {
    case 'applied':
      return { ...claim, state: 'applied', reason: over };
    case 'changed-meanwhile':
      return putOff(write, 'The record was being edited', 0);
    case 'rejected': {
      const { code, message } = outcome;
      const isUndo = write.undoes !== null && isConverted(code, message);
      const reason = isUndo ? explainConvertedUndo(null) : wordFor(write, explainRow(code, message));
      if (outcome.retryable) return putOff(write, reason, RETRY_FIRST_MS);
      // The CRM refuses a record for one field: the others go again without it.
      return blamed.has(write.field)
        ? { ...claim, state: 'rejected', reason }
        : { ...claim, delayMs: 0, failed: true };
    }
  }
}

async function settle(
  session: FlushSession,
  settlements: readonly Settlement[],
  releases: readonly Release[],
): Promise<{ applied: Set<number> }> {
  const settled = await session.inTx((tx) => releaseAndSettle(tx, 'sending', { releases, settlements }));
  const applied = new Set<number>();
  for (const { id, state } of settlements) {
    if (!settled.has(id)) continue;
    if (state === 'applied') applied.add(id);
    session.count(state, 1);
  }
  return { applied };
}
