import type { Crm, CrmObject } from '../../connectors/crm.ts';
import { claimUnresolved } from '../store/writes-outbox.ts';
import type { Claim, UnresolvedWrite } from '../store/writes-outbox.ts';
import { releaseAndSettle } from '../store/writes-settle.ts';
import type { Release, Settlement } from '../store/writes-settle.ts';
import { lookAgainLater } from '../store/writes-unheard.ts';
import { renewAccess } from './flush-access.ts';
import { changedBy } from './flush-decide.ts';
import { settleGone } from './flush-gone.ts';
import type { GoneRow } from './flush-gone.ts';
import { readRecords } from './flush-read.ts';
import type { FlushSession, Landed } from './flush-session.ts';
import { hintGone } from './hint-gone.ts';
import { findLanding, readVersions } from './lost-races.ts';
import { resolveRecord } from './resolve-record.ts';
import type { Fate } from './resolve-record.ts';

const RECORDS_AT_ONCE = 2_000;

/**
 * Finds out, by reading, what became of values that were on their way when a process died or a call broke: settled if
 * they landed, put back into the queue if they did not, a conflict where only a person can tell. What the CRM may still be at work on
 * is looked at again later.
 */
export async function resolveUnresolved(session: FlushSession): Promise<void> {
  for (;;) {
    session.signal.throwIfAborted();
    const rows = await session.inTx((tx) =>
      claimUnresolved(tx, session.connectionId, RECORDS_AT_ONCE, session.leaseMs),
    );
    if (rows.length === 0) return;
    await renewAccess(session);
    for (const object of new Set(rows.map((row) => row.object))) {
      const ofObject = rows.filter((row) => row.object === object);
      const { history } = session.crm;
      if (history === undefined) await resolveByValues(session, object, ofObject);
      else await resolveByHistory(session, history, object, ofObject);
    }
  }
}

async function resolveByValues(
  session: FlushSession,
  object: CrmObject,
  rows: readonly UnresolvedWrite[],
): Promise<void> {
  const ids = [...new Set(rows.map((row) => row.externalId))];
  const readings = await readRecords(session, object, ids, 'read');
  const settlements: Settlement[] = [];
  const releases: Release[] = [];
  const unheard: UnresolvedWrite[] = [];
  for (const [externalId, ofRecord] of Map.groupBy(rows, (row) => row.externalId)) {
    const fates = resolveRecord(ofRecord, readings.get(externalId), session);
    for (const [index, row] of ofRecord.entries()) {
      const claim = { id: row.id, attempt: row.attempt };
      const fate = fates[index] ?? { fate: 'open' };
      if (fate.fate === 'open') unheard.push(row);
      else if (fate.fate === 'not-landed') releases.push({ ...claim, delayMs: 0, failed: false });
      else
        settlements.push({
          ...claim,
          ...settlementOf(row, fate),
          ...(fate.fate === 'unclear' ? changedBy(readings.get(externalId)) : {}),
        });
    }
  }
  const gone = rows.filter(({ externalId, mayStillLand }) => {
    const reading = readings.get(externalId);
    return !mayStillLand && reading !== undefined && 'current' in reading && reading.current.values === null;
  });
  if (gone.length > 0) await session.inTx((tx) => hintGone(tx, session, gone));
  await settle(session, settlements, releases, unheard);
}

/** Where there is a history it tells whether the value landed; what it fell on comes out when it is read back. */
async function resolveByHistory(
  session: FlushSession,
  history: NonNullable<Crm['history']>,
  object: CrmObject,
  rows: readonly UnresolvedWrite[],
): Promise<void> {
  const { versions, unread } = await readVersions(session, history, object, rows, 'read');
  const settlements: Settlement[] = [];
  const releases: Release[] = [];
  const landed: Landed[] = [];
  const gone: GoneRow[] = [];
  const unheard: UnresolvedWrite[] = [];
  for (const row of rows) {
    const { id, attempt, mayStillLand } = row;
    // Whether it landed is asked again with the next flush.
    if (unread.has(row.externalId)) continue;
    const held = versions.get(row.externalId);
    const sent = { ...row, value: row.newValue, before: row.oldValue };
    if (held !== undefined && findLanding(sent, held[row.field] ?? []).landed) {
      settlements.push({ id, attempt, state: 'applied', reason: null });
      landed.push(sent);
    } else if (mayStillLand) unheard.push(row);
    else if (held === undefined) gone.push({ ...sent, message: '' });
    else releases.push({ id, attempt, delayMs: 0, failed: false });
  }
  const settled = await settle(session, settlements, releases, unheard);
  session.landed.push(...landed.filter((row) => settled.has(row.id)));
  await settleGone(session, gone);
}

async function settle(
  session: FlushSession,
  settlements: readonly Settlement[],
  releases: readonly Release[],
  unheard: readonly UnresolvedWrite[],
): Promise<Set<number>> {
  const settled = await session.inTx(async (tx) => {
    const ours = await releaseAndSettle(tx, 'sending', { releases, settlements, others: unheard });
    await lookAgainLater(tx, unheard, session.uncertainMs);
    return ours;
  });
  for (const { id, state } of settlements) if (settled.has(id)) session.count(state, 1);
  return settled;
}

const EDITED_MEANWHILE = 'The record was changed while our write was under way; what it holds now stays';

function settlementOf(
  row: UnresolvedWrite,
  fate: Exclude<Fate, { fate: 'open' | 'not-landed' }>,
): Omit<Settlement, keyof Claim> {
  switch (fate.fate) {
    case 'landed':
      return { state: 'applied', reason: null, returnedValue: fate.present };
    case 'rejected':
      return { state: 'rejected', reason: fate.reason };
    case 'unclear':
      // Our value may have stood there before theirs: only that value would be ours to replace.
      return {
        state: 'conflicted',
        reason: EDITED_MEANWHILE,
        oldValue: fate.present,
        returnedValue: row.newValue,
      };
  }
}
