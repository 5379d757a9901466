import type { CrmObject, Survivor } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import { findLedgers, recordKey } from '../store/writes-ledger.ts';
import type { RecordLedger } from '../store/writes-ledger.ts';
import { moveWrites } from '../store/writes-move.ts';
import type { Claim } from '../store/writes-outbox.ts';
import { concedeWrites } from '../store/writes-put-back.ts';
import { settleWrites } from '../store/writes-settle.ts';
import type { Settlement } from '../store/writes-settle.ts';
import { explainGone, wordFor } from './explain-refusal.ts';
import { policyOf } from './field-policy.ts';
import type { FlushSession, Landed } from './flush-session.ts';
import { OVERTAKEN, PUT_BACK, findSurvivors, readVersions } from './lost-races.ts';
import { hintGone } from './hint-gone.ts';
import { findOtherLandings } from './other-landings.ts';
import { findLandingOnSurvivor } from './survivor-landing.ts';
import type { SurvivorLanding } from './survivor-landing.ts';
import { couldHaveBecome, isEmpty } from './same-value.ts';

/** A value that was sent to a record which is gone, in the CRM's words. */
export type GoneRow = Landed & Claim & { message: string };

/**
 * Settles values whose record was gone when they arrived. Where it had been merged in the moment of our write, they may have
 * fallen on the survivor: what they replaced there is looked at as any lost race is, and they become that record's. Until then they
 * stay on their way, so that a kill in between loses nothing.
 */
export async function settleGone(session: FlushSession, rows: readonly GoneRow[]): Promise<void> {
  for (const object of new Set(rows.map((row) => row.object))) {
    const ofObject = rows.filter((row) => row.object === object);
    const { landings, unread } = await findLandings(session, object, ofObject);
    // What the CRM would not tell of stays on its way, and is asked again with the next flush.
    const told = ofObject.filter((row) => !unread.has(row.id));
    const settlements = told.map((row): Settlement => {
      const { id, attempt, externalId, field, value } = row;
      const landing = landings.get(id);
      if (landing === undefined)
        return { id, attempt, state: 'rejected', reason: wordFor(row, explainGone(row.message)) };
      return {
        id,
        attempt,
        state: 'applied',
        reason: `${externalId} was merged into ${landing.survivorId} in the moment of our write, which fell on that record`,
        oldValue: landing.fall.on?.value ?? null,
        returnedValue: couldHaveBecome(field, value, landing.present) ? landing.present : value,
      };
    });
    const { settled, conceded } = await session.inTx(async (tx) => {
      const ours = await settleWrites(tx, 'sending', settlements);
      const landed = [...landings].flatMap(([id, landing]) => (ours.has(id) ? [{ id, ...landing }] : []));
      await moveWrites(
        tx,
        landed.map(({ id, survivorId }) => ({ id, externalId: survivorId })),
      );
      const lost = landed.filter((landing) => landing.isTheirs);
      const turned = await concedeWrites(
        tx,
        lost.map(({ id, fall: { on }, stands }) => ({
          id,
          theirs: on?.value ?? null,
          by: on?.by ?? null,
          stands,
          reason: stands ? PUT_BACK : OVERTAKEN,
        })),
      );
      await hintGone(tx, session, ofObject);
      return { settled: ours, conceded: turned };
    });
    for (const { id, state } of settlements) if (settled.has(id)) session.count(state, 1);
    session.counts.applied -= conceded;
    session.count('conflicted', conceded);
  }
}

type Found = SurvivorLanding & { survivorId: string };

/** By the write's id; none for what fell on no other record. */
async function findLandings(
  session: FlushSession,
  object: CrmObject,
  rows: readonly GoneRow[],
): Promise<{ landings: Map<number, Found>; unread: Set<number> }> {
  const { history } = session.crm;
  const landings = new Map<number, Found>();
  const nothing = { landings, unread: new Set<number>() };
  if (history === undefined) return nothing;
  const survivors = await findSurvivors(session, history, object, rows);
  const moved = rows.flatMap((row) => {
    const survivor = survivors.get(row.externalId);
    return survivor === undefined ? [] : [{ ...row, externalId: survivor.survivorId, survivor }];
  });
  if (moved.length === 0) return nothing;
  const { versions, unread } = await readVersions(session, history, object, moved, 'readBack');
  const ledgers = await readLedgers(session, object, moved.map((row) => row.survivor)); // prettier-ignore
  for (const { survivor, ...row } of moved) {
    const held = versions.get(survivor.survivorId)?.[row.field];
    if (held === undefined) continue;
    const siblings = moved.flatMap((other) =>
      other.externalId === row.externalId && other.field === row.field ? [other.value] : [],
    );
    const known = [survivor.survivorId, ...survivor.mergedIds].map((id) => ledgers.get(id)?.[row.field]);
    // That the field was empty on its own record says nothing of an empty one there, which somebody may have emptied.
    const ours: FieldValue[] = [...(isEmpty(row.field, row.before) ? [] : [row.before]), ...siblings];
    for (const entry of known)
      ours.push(
        ...(entry?.inherited ?? []).map(({ value }) => value),
        ...(entry?.written === undefined ? [] : [entry.written.returned]),
      );
    if (known.every((entry) => entry?.written === undefined)) ours.push(null);
    const landing = findLandingOnSurvivor(row, held, { ours, siblings });
    if (landing === null) continue;
    const forced = policyOf(session.policies, object, row.field) === 'always' && row.undoes === null;
    const { survivorId } = survivor;
    landings.set(row.id, { ...landing, isTheirs: landing.isTheirs && !forced, survivorId });
  }
  const suspects = moved.flatMap((row) => {
    const landing = landings.get(row.id);
    return landing?.isTheirs === true ? [{ ...row, fall: landing.fall }] : [];
  });
  for (const id of await findOtherLandings(session, object, suspects)) {
    const landing = landings.get(id);
    if (landing !== undefined) landings.set(id, { ...landing, isTheirs: false });
  }
  const untold = moved.flatMap((row) => (unread.has(row.externalId) ? [row.id] : []));
  return { landings, unread: new Set(untold) };
}

/** What we know to have left on the survivors and on all that went into them, by external id. */
async function readLedgers(
  { inTx, connectionId }: FlushSession,
  object: CrmObject,
  survivors: readonly Survivor[],
): Promise<Map<string, RecordLedger>> {
  const ids = new Set(survivors.flatMap(({ survivorId, mergedIds }) => [survivorId, ...mergedIds]));
  const records = [...ids].map((externalId) => ({ connectionId, object, externalId }));
  const ledgers = await inTx((tx) => findLedgers(tx, records));
  return new Map(
    records.flatMap((record) => {
      const ledger = ledgers.get(recordKey(record));
      return ledger === undefined ? [] : [[record.externalId, ledger] as const];
    }),
  );
}
