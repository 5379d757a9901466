import type { Crm, CrmObject, FieldVersion, Survivor } from '../../connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { LostRace } from '../store/writes-put-back.ts';
import { policyOf } from './field-policy.ts';
import { halves, isRefusal } from './flush-read.ts';
import type { FlushSession, Landed } from './flush-session.ts';
import { findOtherLandings } from './other-landings.ts';
import type { Fall } from './other-landings.ts';
import { couldHaveBecome, sameValue } from './same-value.ts';

/** A write as it went out: what was sent, what it was meant to replace, and when the record had last been modified then. */
export type Sent = { field: FieldKey; value: FieldValue; before: FieldValue; baseModifiedAt: Date | null };

export type Landing =
  | { landed: false }
  | {
      landed: true;
      /** What the field holds now. */
      present: FieldValue;
      /** Where our write fell on a value typed after we had looked; undefined: it replaced what it was meant to. */
      lost?: Fall & { on: FieldVersion };
      /** Our value is what the field holds, so that whatever it fell on is gone. */
      stands: boolean;
    };

/**
 * What became of a write, by the field's versions, newest first. Only versions count that are newer than the one which
 * we had read before it: the platform's own times tell, so no clock of ours plays a part. Pure.
 */
export function findLanding(sent: Sent, versions: readonly FieldVersion[]): Landing {
  const { field, value, before } = sent;
  const fresh = findFresh(sent, versions);
  // What a CRM may make of our value, a person may have typed: 54 where we wrote 53.99. So the very value is looked for first.
  const exact = fresh.findLastIndex((version) => sameValue(field, value, version.value));
  const at =
    exact === -1 ? fresh.findLastIndex((version) => couldHaveBecome(field, value, version.value)) : exact;
  if (at === -1) return { landed: false };
  const landing = { landed: true as const, present: fresh[0]?.value ?? null, stands: at === 0 };
  const [ours, on] = [fresh[at], fresh[at + 1]];
  if (ours === undefined || on === undefined || sameValue(field, on.value, before)) return landing;
  return { ...landing, lost: { ours, on } };
}

function findFresh(sent: Sent, versions: readonly FieldVersion[]): readonly FieldVersion[] {
  const { field, before, baseModifiedAt } = sent;
  const isOld = ({ at }: FieldVersion): boolean =>
    baseModifiedAt === null || Date.parse(at) <= baseModifiedAt.getTime();
  const seen = versions.findIndex((version) => sameValue(field, version.value, before) && isOld(version));
  if (seen !== -1) return versions.slice(0, seen);
  // A field that was never set has no version that says so; for any other, a long history may be cut off at its end.
  return before === null ? versions : versions.filter((version) => !isOld(version));
}

export const PUT_BACK = 'Somebody changed the field in the moment of our write; their value is put back';
export const OVERTAKEN =
  'Somebody changed the field in the moment of our write, and then once more: what they typed last stays';

/**
 * Where a CRM has no conditional write: finds in its history the writes that fell on a person's value. The rest comes
 * back with what the CRM holds now. May be repeated after a kill: it only looks.
 */
export async function findLostRaces(
  session: FlushSession,
  history: NonNullable<Crm['history']>,
  object: CrmObject,
  rows: readonly Landed[],
): Promise<{ standing: { row: Landed; present: FieldValue }[]; lost: (LostRace & { fellOn: string })[] }> {
  const { versions, unread } = await readVersions(session, history, object, rows, 'readBack');
  const missing = rows.filter(({ externalId }) => !unread.has(externalId) && !versions.has(externalId));
  const survivors = await findSurvivors(session, history, object, missing);
  const moved = missing.flatMap(({ externalId, field }) => {
    const survivor = survivors.get(externalId);
    return survivor === undefined ? [] : [{ externalId: survivor.survivorId, field }];
  });
  const onSurvivors = await readVersions(session, history, object, moved, 'readBack');
  // Looked at again with the next flush.
  const isUnread = ({ externalId }: Landed): boolean => {
    const survivor = survivors.get(externalId);
    return unread.has(externalId) || (survivor !== undefined && onSurvivors.unread.has(survivor.survivorId));
  };
  const looked = rows
    .filter((row) => !isUnread(row))
    .map((row) => {
      // Merged since: its survivor goes on with its history, or with that of the other record.
      const survivor = survivors.get(row.externalId);
      const held =
        survivor === undefined
          ? versions.get(row.externalId)?.[row.field]
          : onSurvivors.versions.get(survivor.survivorId)?.[row.field];
      const landing: Landing = held === undefined ? { landed: false } : findLanding(row, held);
      const forced = policyOf(session.policies, object, row.field) === 'always' && row.undoes === null;
      const lost = landing.landed && !forced ? landing.lost : undefined;
      return { row, survivor, held, landing, lost };
    });
  const others = await findOtherLandings(
    session,
    object,
    looked.flatMap(({ row, survivor, lost: fall }) =>
      survivor === undefined || fall === undefined ? [] : [{ ...row, survivor, fall }],
    ),
  );
  const standing: { row: Landed; present: FieldValue }[] = [];
  const races: (LostRace & { fellOn: string })[] = [];
  for (const { row, survivor, held, landing, lost } of looked) {
    const isOther = others.has(row.id);
    if (landing.landed && lost !== undefined && !isOther)
      races.push({
        id: row.id,
        fellOn: survivor?.survivorId ?? row.externalId,
        theirs: lost.on.value,
        by: lost.on.by ?? null,
        stands: landing.stands,
        reason: landing.stands ? PUT_BACK : OVERTAKEN,
      });
    else {
      // What a survivor holds of the other record's says nothing of this one.
      const gone = held === undefined || (survivor !== undefined && (isOther || !landing.landed));
      standing.push({ row, present: gone ? row.value : (held[0]?.value ?? null) });
    }
  }
  return { standing, lost: races };
}

/** The records that these were merged into, by the id that is gone. */
export async function findSurvivors(
  session: Pick<FlushSession, 'call'>,
  history: NonNullable<Crm['history']>,
  object: CrmObject,
  rows: readonly { externalId: string }[],
): Promise<Map<string, Survivor>> {
  const ids = [...new Set(rows.map((row) => row.externalId))];
  const survivors = new Map<string, Survivor>();
  for (let at = 0; at < ids.length; at += history.batch) {
    const batch = ids.slice(at, at + history.batch);
    const found = await session.call('read', (options) => history.findSurvivors(object, batch, options));
    for (const survivor of found) survivors.set(survivor.externalId, survivor);
  }
  return survivors;
}

type Versions = {
  /** By record; one that is gone has no entry. */
  versions: Map<string, Partial<Record<FieldKey, FieldVersion[]>>>;
  /** Records that the CRM would not tell of, or not readably. */
  unread: Set<string>;
};

/** The versions of the rows' fields. A refusal of a whole batch is halved down to the record that it is about. */
export async function readVersions(
  session: Pick<FlushSession, 'call'>,
  history: NonNullable<Crm['history']>,
  object: CrmObject,
  rows: readonly { externalId: string; field: FieldKey }[],
  kind: 'read' | 'readBack',
): Promise<Versions> {
  const ids = [...new Set(rows.map((row) => row.externalId))];
  const fields = [...new Set(rows.map((row) => row.field))];
  const result: Versions = { versions: new Map(), unread: new Set() };
  const read = async (batch: readonly string[]): Promise<void> => {
    try {
      const found = await session.call(kind, (options) => history.read(object, batch, fields, options));
      for (const { externalId, unreadable, versions: held } of found)
        if (unreadable !== undefined) result.unread.add(externalId);
        else if (held !== null) result.versions.set(externalId, held);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (batch.length === 1) for (const id of batch) result.unread.add(id);
      else for (const half of halves(batch)) await read(half);
    }
  };
  for (let at = 0; at < ids.length; at += history.batch) await read(ids.slice(at, at + history.batch));
  return result;
}
